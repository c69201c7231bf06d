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

void for_each_block(std::size_t blocks, int threads, const std::function<void(std::size_t)>& work) {
  if (threads < 0)
    throw DomainError("the number of threads must be 0 (all cores) or more, not " +
                      std::to_string(threads));
  // An arena costs microseconds, as much as a small problem's work.
  if (threads == 1 || blocks <= 1) {
    for (std::size_t block = 0; block < blocks; ++block) work(block);
    return;
  }
  const int cores = tbb::info::default_concurrency();
  // TBB would warn of more threads than cores and not start them.
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(std::max(threads, cores)));
  tbb::task_arena arena(threads == 0 ? cores : threads);
  // Later releases of Boost.Multiprecision keep the default precision once per thread: hand the
  // caller's on to the workers.
  const int digits = PrecisionScope::digits(), bits = PrecisionScope::bits();
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) {
      std::optional<PrecisionScope> precision;
      if (PrecisionScope::bits() != bits) precision.emplace(digits);
      work(block);
    });
  });
}

}  // namespace sigmahat
