#include <string>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>

namespace sigmahat {

void for_each_block(std::size_t blocks, int threads, const std::function<void(std::size_t)>& work) {
  if (threads < 0)
    throw DomainError("the number of threads must be 0 (all cores) or more, not " +
                      std::to_string(threads));
  tbb::task_arena arena(threads == 0 ? tbb::task_arena::automatic : threads);
  arena.execute([&] { tbb::parallel_for(std::size_t{0}, blocks, work); });
}

}  // namespace sigmahat
