#include "command.hpp"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include <sigmahat/numeric/errors.hpp>

#include "gnuplot.hpp"
#include "output.hpp"

namespace sigmahat::cli {
namespace {

void require_different_files(const std::vector<Target>& targets) {
  const auto resolved = [](const std::filesystem::path& file) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file));
  };
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (resolved(targets[i].file) == resolved(targets[j].file))
        throw InputError(fmt::format("{} {}: expected a file other than that of {}",
                                     targets[i].option, targets[i].file.string(),
                                     targets[j].option));
}

void write_picture(const std::string& target, const std::string& picture,
                   const CommonOptions& options) {
  if (target != "-")
    write_file(target, picture);
  else if (options.output)
    write_stdout(picture);
  else if (options.format != Format::text)
    // A drawing belongs below a table that people read, not inside JSON or CSV on the same stream.
    std::fputs(picture.c_str(), stderr);
  else
    write_stdout(picture);
}

}  // namespace

void check_delivery(const CommonOptions& options, const std::optional<ExtraPicture>& extra,
                    const std::vector<Target>& others) {
  std::vector<Target> targets = others;
  for (const Target& other : others) check_writable(other.file);
  if (options.output) targets.push_back({"--output", *options.output});
  const auto check_picture = [&](const std::string& option, const std::string& target) {
    check_plot_target(option, target);
    require_gnuplot();
    if (target == "-") return;
    check_writable(target);
    targets.push_back({option, target});
  };
  if (options.plot) check_picture("--plot", *options.plot);
  if (extra) check_picture(extra->option, extra->target);
  if (options.output) check_writable(*options.output);
  require_different_files(targets);
  if (options.format == Format::npy && !options.output && ::isatty(STDOUT_FILENO) == 1)
    throw InputError("--format npy: not for a terminal; expected --output FILE");
}

ExitCode deliver_text(const std::string& text, const CommonOptions& options) {
  if (options.output)
    write_file(*options.output, text);
  else
    write_stdout(text);
  return ExitCode::done;
}

ExitCode deliver(const Report& report, const std::optional<Picture>& plot,
                 const CommonOptions& options, const std::optional<ExtraPicture>& extra) {
  const std::string text = render(report, options.format);
  std::string picture, extra_picture;
  if (plot && options.plot) picture = render_picture(*plot, *options.plot);
  if (extra) extra_picture = render_picture(extra->plot.value(), extra->target);

  deliver_text(text, options);
  if (plot && options.plot) write_picture(*options.plot, picture, options);
  if (extra) write_picture(extra->target, extra_picture, options);

  return report.verdict && !report.verdict->holds ? ExitCode::refuted : ExitCode::done;
}

}  // namespace sigmahat::cli
