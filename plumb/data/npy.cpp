// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "plumb/data/byte_reader.h"
#include "plumb/data/checked_size.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/half_float.h"
#include "plumb/data/npy_header.h"
#include "plumb/data/npz.h"

namespace plumb {

namespace {

template <std::unsigned_integral Bits, class To, class FromBits>
void convert(const NpyHeader& header, const std::byte* source, std::span<To> out,
             FromBits from_bits) {
  const auto load = header.byte_order == '>' ? load_big<Bits> : load_little<Bits>;
  const auto element = [&](std::size_t i) {
    return static_cast<To>(from_bits(load(source + i * sizeof(Bits))));
  };
  if (!header.fortran_order || header.extents.size() < 2) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = element(i);
    return;
  }
  // Fortran order: the first axis runs fastest in the file, the last one in `out`.
  const std::size_t rank = header.extents.size();
  std::vector<std::uint64_t> index(rank, 0), stride(rank, 1);
  for (std::size_t a = 1; a < rank; ++a) stride[a] = stride[a - 1] * header.extents[a - 1];
  std::size_t offset = 0;
  for (To& value : out) {
    value = element(offset);
    for (std::size_t a = rank; a-- > 0;) {
      offset += stride[a];
      if (++index[a] < header.extents[a]) break;
      offset -= stride[a] * index[a];
      index[a] = 0;
    }
  }
}

void convert_elements(const NpyHeader& header, const std::byte* source, Tensor& value) {
  const auto floats = [&] { return value.as<float>(); };
  const auto doubles = [&] { return value.as<double>(); };
  const auto as_signed = [](auto bits) {
    return static_cast<std::make_signed_t<decltype(bits)>>(bits);
  };
  const auto as_unsigned = [](auto bits) { return bits; };
  const auto integers = [&](auto from_bits) {
    switch (header.element_bytes) {
      case 1: return convert<std::uint8_t>(header, source, doubles(), from_bits);
      case 2: return convert<std::uint16_t>(header, source, doubles(), from_bits);
      case 4: return convert<std::uint32_t>(header, source, doubles(), from_bits);
      default: return convert<std::uint64_t>(header, source, doubles(), from_bits);
    }
  };
  if (header.kind == 'b') {
    convert<std::uint8_t>(header, source, doubles(), [](std::uint8_t bits) { return bits != 0; });
  } else if (header.kind == 'i') {
    integers(as_signed);
  } else if (header.kind == 'u') {
    integers(as_unsigned);
  } else if (header.element_bytes == 2) {
    convert<std::uint16_t>(header, source, floats(), half_to_float);
  } else if (header.element_bytes == 4) {
    convert<std::uint32_t>(header, source, floats(), std::bit_cast<float, std::uint32_t>);
  } else {
    convert<std::uint64_t>(header, source, doubles(), std::bit_cast<double, std::uint64_t>);
  }
}

Shape checked_shape(const NpyHeader& header, const ByteReader& reader) {
  const auto& extents = header.extents;
  if (extents.size() > Shape::kMaxRank) {
    reader.fail(
        fmt::format("the array has {} axes, expected at most {}", extents.size(), Shape::kMaxRank));
  }
  const auto size = checked_size(extents);
  if (!size || *size * header.element_bytes != reader.remaining()) {
    reader.fail(fmt::format("{} bytes follow the NPY header, expected {} elements of {} bytes",
                            reader.remaining(), fmt::join(extents, " x "), header.element_bytes));
  }
  return Shape(std::vector<std::int64_t>(extents.begin(), extents.end()));
}

}  // namespace

NamedArray parse_npy(std::span<const std::byte> bytes, const std::string& place) {
  ByteReader reader(bytes, place);
  constexpr std::string_view kMagic = "\x93NUMPY";
  const auto magic = reader.take(std::min(kMagic.size(), reader.remaining()), "the magic");
  if (std::string_view(reinterpret_cast<const char*>(magic.data()), magic.size()) != kMagic) {
    reader.fail("not an NPY file: it does not begin with \\x93NUMPY");
  }
  const int major = reader.little<std::uint8_t>("the version");
  const int minor = reader.little<std::uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0) {
    reader.fail(fmt::format("NPY format version {}.{}, expected 1.0, 2.0 or 3.0", major, minor));
  }
  constexpr std::string_view kLength = "the length of the NPY header";
  const std::uint64_t length =
      major == 1 ? reader.little<std::uint16_t>(kLength) : reader.little<std::uint32_t>(kLength);
  const auto text = reader.take(length, "the NPY header");
  const NpyHeader header =
      parse_npy_header({reinterpret_cast<const char*>(text.data()), text.size()}, place);
  const Shape shape = checked_shape(header, reader);
  const bool is_float32 = header.kind == 'f' && header.element_bytes < 8;
  NamedArray array{"", Tensor(shape, is_float32 ? DType::f32 : DType::f64), header.kind != 'f'};
  convert_elements(header, reader.take(reader.remaining(), "the elements").data(), array.value);
  return array;
}

NamedArray read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

}  // namespace plumb
