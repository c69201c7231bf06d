#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fstream>
#include <regex>

#include <fmt/format.h>

#include <sigmahat/network/npy_file.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

/// What the header says of the data that follow it.
struct Layout {
  std::size_t entry_bytes;  ///< 8 or 4
  bool swap_bytes;
  bool fortran_order;
  Eigen::Index rows, cols;
};

/// A NumPy file being read: every refusal names it.
class NpyReader {
 public:
  explicit NpyReader(const std::filesystem::path& file)
      : name_(file.string()), stream_(file, std::ios::binary) {
    std::error_code unknown;
    if (!stream_ || std::filesystem::is_directory(file, unknown))
      throw IoError(fmt::format("cannot read \"{}\"", name_));
  }

  WeightMatrix::Doubles read() {
    const Layout layout = read_layout();
    return layout.entry_bytes == sizeof(double) ? read_entries<double>(layout)
                                                : read_entries<float>(layout);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) {
    throw InputError(fmt::format("\"{}\": {}", name_, what));
  }

  void read_bytes(char* to, std::size_t count) {
    stream_.read(to, static_cast<std::streamsize>(count));
    if (static_cast<std::size_t>(stream_.gcount()) != count)
      refuse(fmt::format("the file ends too early; expected {} more bytes",
                         count - static_cast<std::size_t>(stream_.gcount())));
  }

  std::string read_header() {
    std::array<char, 8> preamble{};
    stream_.read(preamble.data(), preamble.size());
    const int version = preamble[6];
    if (std::string_view(preamble.data(), 6) != "\x93NUMPY" || version < 1 || version > 3)
      refuse("not a NumPy file of version 1 to 3; expected an array written by numpy.save");
    std::size_t length = 0;  // little-endian, two bytes in version 1, four from version 2 on
    for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte) {
      char digit = 0;
      read_bytes(&digit, 1);
      length |= std::size_t{static_cast<unsigned char>(digit)} << (8 * byte);
    }
    constexpr std::size_t longest = 10'000;  // numpy.load's own limit
    if (length > longest)
      refuse(fmt::format("the header has {} bytes; expected at most {}", length, longest));
    std::string header(length, '\0');
    read_bytes(header.data(), length);
    return header;
  }

  std::string header_field(const std::string& header, const char* pattern, const char* name) {
    std::smatch match;
    if (!std::regex_search(header, match, std::regex(pattern)))
      refuse(fmt::format("the header lacks {}; expected an array written by numpy.save", name));
    return match[1];
  }

  Layout read_layout() {
    const std::string header = read_header();
    Layout layout{};
    const std::string type =
        header_field(header, "'descr'\\s*:\\s*('[^']*'|\\[[^\\]]*\\])", "a plain 'descr'");
    std::smatch match;
    if (!std::regex_match(type, match, std::regex("'([<>=])f([48])'")))
      refuse(fmt::format("the entries are of type {}; expected float64 ('<f8') or float32 ('<f4')",
                         type));
    layout.entry_bytes = match[2] == "8" ? sizeof(double) : sizeof(float);
    layout.swap_bytes = match[1] == (std::endian::native == std::endian::little ? ">" : "<");
    layout.fortran_order =
        header_field(header, "'fortran_order'\\s*:\\s*(True|False)", "'fortran_order'") == "True";
    const std::string shape = header_field(header, "'shape'\\s*:\\s*\\(([^)]*)\\)", "'shape'");
    if (!std::regex_match(shape, match, std::regex("\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,?\\s*")))
      refuse(fmt::format("the array has shape ({}); expected two dimensions", shape));
    layout.rows = extent(match[1]);
    layout.cols = extent(match[2]);
    if (layout.rows > max_width || layout.rows > max_weights / layout.cols)
      refuse(fmt::format("{} by {}; expected at most {} rows and {} entries", layout.rows,
                         layout.cols, max_width, max_weights));
    return layout;
  }

  Eigen::Index extent(const std::string& digits) {
    Eigen::Index result = 0;
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), result).ec;
    if (error != std::errc() || result < 1)
      refuse(fmt::format("a dimension is {}; expected 1 to {}", digits, max_weights));
    return result;
  }

  template <class Stored>
  WeightMatrix::Doubles read_entries(const Layout& layout) {
    using Bytes = std::array<char, sizeof(Stored)>;
    std::vector<Bytes> bytes(static_cast<std::size_t>(layout.rows * layout.cols));
    read_bytes(bytes.data()->data(), bytes.size() * sizeof(Bytes));
    if (stream_.peek() != std::ifstream::traits_type::eof())
      refuse(fmt::format("bytes follow the array; expected {} by {} entries and no more",
                         layout.rows, layout.cols));
    WeightMatrix::Doubles result{
        Matrix<double>(layout.rows, layout.cols),
        std::same_as<Stored, double> ? FloatFormat::float64 : FloatFormat::float32};
    for (Eigen::Index i = 0; i < layout.rows; ++i)
      for (Eigen::Index j = 0; j < layout.cols; ++j) {
        Bytes entry = bytes[static_cast<std::size_t>(layout.fortran_order ? j * layout.rows + i
                                                                          : i * layout.cols + j)];
        if (layout.swap_bytes) std::reverse(entry.begin(), entry.end());
        result.values(i, j) = std::bit_cast<Stored>(entry);
      }
    return result;
  }

  std::string name_;
  std::ifstream stream_;
};

}  // namespace

WeightMatrix::Doubles read_npy(const std::filesystem::path& file) {
  return NpyReader(file).read();
}

}  // namespace sigmahat
