#include "faces/store/readers.h"

#include "penstock/error.h"

namespace penstock {

void Readers::GiveBack::operator()(Readers* readers) const noexcept {
  {
    const std::lock_guard hold(readers->mutex_);
    ++readers->free_;
  }
  readers->changed_.notify_one();
}

Readers::Permit Readers::take(const std::stop_token& stop) {
  std::unique_lock hold(mutex_);
  if (!changed_.wait(hold, stop, [this] { return free_ > 0; })) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted while waiting for another read to end");
  }
  --free_;
  return Permit(this);
}

}  // namespace penstock
