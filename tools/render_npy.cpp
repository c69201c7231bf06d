#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "report.hpp"

namespace sigmahat::cli {

std::string render_npy(const Report& report) {
  static_assert(std::endian::native == std::endian::little,
                "'<f8' is written as it lies in memory");
  const NumberArray& array = report.array.value();
  const std::size_t columns = array.rows.front().size();
  const std::string shape = array.row_heads.empty()
                                ? fmt::format("({},)", columns)
                                : fmt::format("({}, {})", array.rows.size(), columns);
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}", shape);
  // Format version 1.0 (NEP 1): the data begin at a multiple of 64 bytes.
  constexpr std::size_t preamble = 10, alignment = 64;
  const std::size_t unpadded = preamble + header.size() + 1;
  header += std::string((alignment - unpadded % alignment) % alignment, ' ') + "\n";
  std::string bytes = std::string("\x93NUMPY\x01\0", 8);
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  bytes += header;
  for (const std::vector<double>& row : array.rows) {
    const std::size_t begin = bytes.size();
    bytes.resize(begin + row.size() * sizeof(double));
    std::memcpy(bytes.data() + begin, row.data(), row.size() * sizeof(double));
  }
  return bytes;
}

}  // namespace sigmahat::cli
