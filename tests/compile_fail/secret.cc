// A Secret is not printed, compared or turned into text by accident. CASE 0 is what may
// be written; each other case must not compile.
#include "penstock/secret.h"

#include <iostream>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace penstock {

#if CASE == 0
std::string may(const Secret& secret) {
  Secret copy(std::string("x"));
  copy = secret;
  std::cout << copy.empty();
  return fmt::format("{}", copy.reveal().size());
}
#elif CASE == 1
void show(const Secret& secret) { std::cout << secret; }
#elif CASE == 2
std::string show(const Secret& secret) { return fmt::format("{}", secret); }
#elif CASE == 3
std::string show(const Secret& secret) { return secret; }
#elif CASE == 4
std::string show(const Secret& secret) { return std::string(secret); }
#elif CASE == 5
bool same(const Secret& a, const Secret& b) { return a == b; }
#elif CASE == 6
std::string show(const Secret& secret) { return "pw: " + secret; }
#elif CASE == 7
void take(const Secret&);
void give() { take("text"); }  // and none is made by the way
#endif

}  // namespace penstock
