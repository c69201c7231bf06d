#include <algorithm>
#include <optional>
#include <string>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {

struct Team::Arena {
  tbb::global_control allowed;
  tbb::task_arena threads;

  // TBB would warn of more threads than cores and not start them.
  explicit Arena(int count)
      : allowed(tbb::global_control::max_allowed_parallelism,
                static_cast<std::size_t>(std::max(count, tbb::info::default_concurrency()))),
        threads(count) {}
};

Team::Team(int threads) {
  if (threads < 0)
    throw DomainError("the number of threads must be 0 (all cores) or more, not " +
                      std::to_string(threads));
  const int count = threads == 0 ? tbb::info::default_concurrency() : threads;
  if (count > 1) arena_ = std::make_unique<Arena>(count);
}
Team::~Team() = default;
Team::Team(Team&&) noexcept = default;
Team& Team::operator=(Team&&) noexcept = default;

void Team::for_each_block(std::size_t blocks, const std::function<void(std::size_t)>& work) {
  if (!arena_ || blocks <= 1) {
    for (std::size_t block = 0; block < blocks; ++block) work(block);
    return;
  }
  // Later releases of Boost.Multiprecision keep the default precision once per thread: hand the
  // caller's on to the workers.
  const int digits = PrecisionScope::digits(), bits = PrecisionScope::bits();
  arena_->threads.execute([&] {
    tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) {
      std::optional<PrecisionScope> precision;
      if (PrecisionScope::bits() != bits) precision.emplace(digits);
      work(block);
    });
  });
}

void for_each_block(std::size_t blocks, int threads, const std::function<void(std::size_t)>& work) {
  // An arena costs microseconds, as much as a small problem's work.
  Team(blocks <= 1 ? std::min(threads, 1) : threads).for_each_block(blocks, work);
}

}  // namespace sigmahat
