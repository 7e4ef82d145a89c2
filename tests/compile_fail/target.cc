// Nobody but the guard's `admit` makes a Target. CASE 0 is what may be written; each
// other case must not compile (tests/CMakeLists.txt says with which words of the
// compiler).
#include "guard/target.h"

namespace penstock {

#if CASE == 0
Target may(const Routes& routes, const Resolver& resolver) {
  Target target = admit(routes, {}, resolver, Deadline::never(), {});
  return target;  // what was admitted may be copied
}
#elif CASE == 1
Target made() { return Target(); }
#elif CASE == 2
Target made() { return {}; }
#elif CASE == 3
void bend(Target& target) { target.addresses_.clear(); }
#elif CASE == 4
Target made(const Routes& routes) { return Target::of_file(routes); }
#elif CASE == 5
struct Mine : Target {};
Target made() { return Mine(); }
#elif CASE == 6
void bend(const Target& target) { target.addresses().clear(); }
#endif

}  // namespace penstock
