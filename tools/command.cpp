#include "command.hpp"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>

#include "gnuplot.hpp"
#include "output.hpp"

namespace sigmahat::cli {

void check_delivery(const CommonOptions& options) {
  if (options.plot) {
    check_plot_target(*options.plot);
    require_gnuplot();
    if (*options.plot != "-") check_writable(*options.plot);
  }
  if (options.output) check_writable(*options.output);
  const auto resolved = [](const std::filesystem::path& file) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file));
  };
  if (options.output && options.plot && resolved(*options.output) == resolved(*options.plot))
    throw InputError(
        fmt::format("--plot {}: expected a file other than that of --output", *options.plot));
}

ExitCode deliver(const Report& report, const std::optional<Plot>& plot,
                 const CommonOptions& options) {
  std::string text = render(report, options.format);
  std::string picture;
  if (plot && options.plot) picture = render_plot(*plot, *options.plot);

  const bool drawn_in_terminal = options.plot == "-";
  // A drawing belongs below a table that people read, not inside JSON or CSV on the same stream.
  const bool drawn_below = drawn_in_terminal && options.format == Format::text;
  if (drawn_below && !options.output) text += picture;

  if (options.output)
    write_file(*options.output, text);
  else
    write_stdout(text);

  if (drawn_in_terminal && options.output)
    write_stdout(picture);
  else if (drawn_in_terminal && !drawn_below)
    std::fputs(picture.c_str(), stderr);
  else if (options.plot && !drawn_in_terminal)
    write_file(*options.plot, picture);

  return report.verdict && !report.verdict->holds ? ExitCode::refuted : ExitCode::done;
}

}  // namespace sigmahat::cli
