#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>

using namespace sigmahat;

TEST_CASE("Every block is worked on exactly once") {
  for (const int threads : {0, 1, 2, 3, 7}) {
    for (const std::size_t blocks : {0, 1, 2, 5, 1000}) {
      CAPTURE(threads);
      CAPTURE(blocks);
      std::vector<std::atomic<int>> calls(blocks);
      for_each_block(blocks, threads, [&](std::size_t block) { ++calls.at(block); });
      int wrong = 0;
      for (const std::atomic<int>& n : calls) wrong += n != 1;
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("A team works on every block once, call after call") {
  for (const int threads : {0, 1, 2, 3, 7}) {
    CAPTURE(threads);
    Team team(threads);
    Team moved = std::move(team);
    std::vector<std::atomic<int>> calls(50);
    for (int call = 0; call < 200; ++call) {
      const auto blocks = static_cast<std::size_t>(call % 51);
      moved.for_each_block(blocks, [&](std::size_t block) { ++calls.at(block); });
    }
    int wrong = 0;
    for (std::size_t block = 0; block < calls.size(); ++block) {
      int expected = 0;
      for (int call = 0; call < 200; ++call)
        expected += static_cast<std::size_t>(call % 51) > block;
      wrong += calls[block] != expected;
    }
    CHECK(wrong == 0);
    if (threads > 0)
      CHECK_THROWS_WITH_AS(moved.for_each_block(9,
                                                [](std::size_t block) {
                                                  if (block == 4)
                                                    throw NumericalError("block 4 failed");
                                                }),
                           "block 4 failed", NumericalError);
  }
  CHECK_THROWS_AS(Team(-1), DomainError);
}

TEST_CASE("No more threads work than were asked for") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    std::atomic<int> working = 0, most = 0;
    for_each_block(200, threads, [&](std::size_t) {
      const int now = ++working;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --working;
    });
    CHECK(most >= 1);
    CHECK(most <= threads);
  }
}

TEST_CASE("An exception of a block reaches the caller") {
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    CHECK_THROWS_WITH_AS(for_each_block(100, threads,
                                        [](std::size_t block) {
                                          if (block == 42) throw NumericalError("block 42 failed");
                                        }),
                         "block 42 failed", NumericalError);
  }
}

TEST_CASE("A negative number of threads is refused") {
  CHECK_THROWS_WITH_AS(for_each_block(1, -1, [](std::size_t) {}),
                       "the number of threads must be 0 (all cores) or more, not -1", DomainError);
}
