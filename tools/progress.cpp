#include "progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sigmahat::cli {
namespace {

constexpr auto first_shown_after = std::chrono::seconds(1);
constexpr auto refresh = std::chrono::milliseconds(100);
constexpr int narrowest_bar = 6, widest_bar = 30;
const std::string clear_line = "\r\033[K";

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", std::ceil(seconds));
  const auto minutes = static_cast<long>(seconds / 60);
  if (minutes < 60)
    return fmt::format("{} min {:02.0f} s", minutes, seconds - 60.0 * static_cast<double>(minutes));
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

bool is_shown(ProgressMode mode) {
  return mode == ProgressMode::always ||
         (mode == ProgressMode::automatic && ::isatty(STDERR_FILENO) == 1);
}

/// Of the terminal, less the last column.
int line_width() {
  winsize window{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  return (known ? window.ws_col : 80) - 1;
}

void show_line(const std::string& line) {
  std::fputs((clear_line + line).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressBar::ProgressBar(std::string unit, std::uint64_t total, ProgressMode mode,
                         std::uint64_t begun)
    : unit_(std::move(unit)),
      total_(total),
      begun_(begun),
      enabled_(is_shown(mode)),
      start_(Clock::now()),
      next_(start_ + first_shown_after) {}

ProgressBar::~ProgressBar() {
  if (drawn_) show_line("");
}

void ProgressBar::update(std::uint64_t done, const std::function<std::string()>& note) {
  const Clock::time_point now = Clock::now();
  if (!enabled_ || now < next_ || done <= begun_) return;
  next_ = now + refresh;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - begun_) / seconds;
  const double left = static_cast<double>(total_ - std::min(done, total_)) / rate;
  const double fraction = static_cast<double>(std::min(done, total_)) / static_cast<double>(total_);
  std::string words = fmt::format("{:3.0f}%  {:.2e} {}/s  {} left", 100 * fraction, rate, unit_,
                                  duration_text(left));
  if (note) words += "  " + note();
  // A line that wraps cannot be cleared: the bar takes what the words leave of it.
  const int room = line_width() - static_cast<int>(words.size()) - 3;
  const int width = std::clamp(room, narrowest_bar, widest_bar);
  const auto filled = static_cast<std::size_t>(fraction * width);
  show_line(fmt::format("[{:<{}}] {}", std::string(filled, '#'), width, words));
}

std::function<bool(std::uint64_t)> ProgressBar::callback() {
  return [this](std::uint64_t done) {
    update(done);
    return true;
  };
}

ElapsedTime::ElapsedTime(std::string doing, ProgressMode mode) : doing_(std::move(doing)) {
  if (is_shown(mode)) thread_ = std::thread([this] { show_until_stopped(); });
}

ElapsedTime::~ElapsedTime() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void ElapsedTime::show_until_stopped() {
  std::unique_lock lock(mutex_);
  for (auto seconds = std::chrono::seconds(1);; ++seconds) {
    if (stop_.wait_for(lock, std::chrono::seconds(1), [this] { return stopped_; })) {
      if (seconds > std::chrono::seconds(1)) show_line("");
      return;
    }
    show_line(fmt::format("{}: {} s", doing_, seconds.count()));
  }
}

}  // namespace sigmahat::cli
