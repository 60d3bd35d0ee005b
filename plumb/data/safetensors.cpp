// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "plumb/data/byte_reader.h"
#include "plumb/data/checked_size.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/half_float.h"

namespace plumb {

namespace {

using nlohmann::json;

constexpr std::size_t kAlignment = 8;
/// Where a header would be longer it is taken for damage, as the format's own reader does.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

struct ElementType {
  std::string_view name;
  std::size_t bytes;
  void (*convert)(const std::byte* source, Tensor& value);
};

template <class Bits, class FromBits>
void each(const std::byte* source, Tensor& value, FromBits from_bits) {
  using To = decltype(from_bits(Bits{}));
  for (To& out : value.as<To>()) {
    out = from_bits(load_little<Bits>(source));
    source += sizeof(Bits);
  }
}

template <class Integer>
void integers(const std::byte* source, Tensor& value) {
  using Bits = std::make_unsigned_t<Integer>;
  each<Bits>(source, value,
             [](Bits bits) { return static_cast<double>(static_cast<Integer>(bits)); });
}

constexpr std::array<ElementType, 13> kTypes{{
    {"F64", 8,
     [](const std::byte* source, Tensor& value) {
       each<std::uint64_t>(source, value, std::bit_cast<double, std::uint64_t>);
     }},
    {"F32", 4,
     [](const std::byte* source, Tensor& value) {
       each<std::uint32_t>(source, value, std::bit_cast<float, std::uint32_t>);
     }},
    {"F16", 2,
     [](const std::byte* source, Tensor& value) {
       each<std::uint16_t>(source, value, half_to_float);
     }},
    {"BF16", 2,
     [](const std::byte* source, Tensor& value) {
       each<std::uint16_t>(source, value, [](std::uint16_t bits) {
         return std::bit_cast<float>(std::uint32_t{bits} << 16);
       });
     }},
    {"I8", 1, integers<std::int8_t>},
    {"I16", 2, integers<std::int16_t>},
    {"I32", 4, integers<std::int32_t>},
    {"I64", 8, integers<std::int64_t>},
    {"U8", 1, integers<std::uint8_t>},
    {"U16", 2, integers<std::uint16_t>},
    {"U32", 4, integers<std::uint32_t>},
    {"U64", 8, integers<std::uint64_t>},
    {"BOOL", 1, integers<std::uint8_t>},
}};

/// An entry of the header, checked for its form.
struct Entry {
  std::string name;
  std::vector<std::uint64_t> extents;
  const ElementType* type = nullptr;
  std::uint64_t begin = 0, end = 0;
};

class HeaderReader {
 public:
  HeaderReader(const std::string& place, std::uint64_t data_bytes)
      : place_(place), data_bytes_(data_bytes) {}

  std::vector<Entry> read(std::string_view text) {
    const json header = json::parse(text, nullptr, false);
    if (!header.is_object()) fail("its header is no JSON object, expected a safetensors file");
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name != "__metadata__") entries.push_back(read_entry(name, value));
    }
    std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
    std::uint64_t next = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != next) {
        fail(fmt::format("{} begins at byte {} of the data, expected {}", entry.name, entry.begin,
                         next));
      }
      next = entry.end;
    }
    if (next != data_bytes_) {
      fail(fmt::format("{} bytes follow the header, expected {}", data_bytes_, next));
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw DataError(fmt::format("{}: {}", place_, problem));
  }

  std::vector<std::uint64_t> numbers(const json& value, const std::string& name,
                                     const char* key) const {
    std::vector<std::uint64_t> list;
    const bool is_list = value.is_object() && value.contains(key) && value[key].is_array();
    if (is_list) {
      for (const json& number : value[key]) {
        if (!number.is_number_unsigned()) break;
        list.push_back(number.get<std::uint64_t>());
      }
    }
    if (!is_list || list.size() != value[key].size()) {
      fail(fmt::format("tensor {} has no list {} of whole numbers in the header", name, key));
    }
    return list;
  }

  Entry read_entry(const std::string& name, const json& value) const {
    Entry entry{.name = name, .extents = numbers(value, name, "shape")};
    const auto offsets = numbers(value, name, "data_offsets");
    const std::string type = value.contains("dtype") && value["dtype"].is_string()
                                 ? value["dtype"].get<std::string>()
                                 : "";
    const auto known = std::ranges::find(kTypes, type, &ElementType::name);
    if (known == kTypes.end()) {
      fail(
          fmt::format("tensor {} has elements of type '{}', expected F64, F32, F16, BF16, I8 to "
                      "I64, U8 to U64 or BOOL",
                      name, type));
    }
    entry.type = &*known;
    if (entry.extents.size() > Shape::kMaxRank) {
      fail(fmt::format("tensor {} has {} axes, expected at most {}", name, entry.extents.size(),
                       Shape::kMaxRank));
    }
    const auto size = checked_size(entry.extents);
    const bool fits = offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= data_bytes_;
    if (!fits || !size || *size * entry.type->bytes != offsets[1] - offsets[0]) {
      fail(fmt::format("the bytes of tensor {} do not fit its shape, its type or the file", name));
    }
    entry.begin = offsets[0];
    entry.end = offsets[1];
    return entry;
  }

  const std::string& place_;
  std::uint64_t data_bytes_;
};

}  // namespace

std::vector<NamedArray> parse_safetensors(std::span<const std::byte> bytes,
                                          const std::string& place) {
  ByteReader reader(bytes, place);
  const auto length = reader.little<std::uint64_t>("the length of the header");
  if (length > kMaxHeaderBytes) {
    reader.fail(fmt::format("a header of {} bytes, expected at most {}", length, kMaxHeaderBytes));
  }
  const auto text = reader.take(length, "the header");
  const auto data = reader.take(reader.remaining(), "the tensors");
  std::vector<NamedArray> arrays;
  HeaderReader header(place, data.size());
  for (const Entry& entry :
       header.read({reinterpret_cast<const char*>(text.data()), text.size()})) {
    const Shape shape(std::vector<std::int64_t>(entry.extents.begin(), entry.extents.end()));
    const std::string_view type = entry.type->name;
    const bool is_integer = !type.starts_with('F') && type != "BF16";
    const bool is_float = !is_integer && type != "F64";
    arrays.push_back({entry.name, Tensor(shape, is_float ? DType::f32 : DType::f64), is_integer});
    entry.type->convert(data.data() + entry.begin, arrays.back().value);
  }
  return arrays;
}

std::vector<NamedArray> read_safetensors(const std::string& path) {
  return parse_safetensors(read_file(path), path);
}

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, ConstView>>& arrays) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t offset = 0;
  for (const auto& [name, view] : arrays) {
    if (name.empty()) throw DataError(path + ": an array has no name, expected one");
    if (header.contains(name)) {
      throw DataError(fmt::format("{}: two arrays are called '{}', expected one", path, name));
    }
    if (!view) throw DataError(fmt::format("{}: array '{}' is a view of nothing", path, name));
    const std::uint64_t end =
        offset + static_cast<std::uint64_t>(view.shape.size() * size_bytes(view.dtype));
    const auto extents = view.shape.extents();
    header[name] = {{"dtype", view.dtype == DType::f32 ? "F32" : "F64"},
                    {"shape", std::vector<std::int64_t>(extents.begin(), extents.end())},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  write_file(path, [&](std::ostream& out) {
    std::array<char, 8> length{};
    for (std::size_t i = 0; i < length.size(); ++i) {
      length[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
    }
    out.write(length.data(), length.size());
    out.write(text.data(), std::ssize(text));
    for (const auto& [name, view] : arrays) {
      out.write(static_cast<const char*>(view.data), view.shape.size() * size_bytes(view.dtype));
    }
  });
}

std::vector<NamedArray> read_arrays(const std::string& path) {
  constexpr std::string_view kHow =
      "save the state_dict with safetensors.torch.save_file(model.state_dict(), "
      "'model.safetensors') "
      "or numpy.savez('model.npz', **{k: v.numpy() for k, v in model.state_dict().items()})";
  const auto bytes = read_file(path);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("PK")) {
    std::vector<NamedArray> arrays = parse_npz(bytes, path);
    if (arrays.empty() && text.find("data.pkl") != text.npos) {
      throw DataError(fmt::format("{}: is what torch.save() wrote, expected NPZ or safetensors: {}",
                                  path, kHow));
    }
    return arrays;
  }
  if (text.starts_with("\x93NUMPY")) {
    throw DataError(fmt::format(
        "{}: is one numpy array, expected NPZ, whose arrays have names: of data "
        "numpy.savez('data.npz', x=x, y=y), of weights numpy.savez('model.npz', **{{k: v.numpy() "
        "for k, v in model.state_dict().items()}})",
        path));
  }
  if (text.size() > 8 && text[8] == '{') return parse_safetensors(bytes, path);
  throw DataError(
      fmt::format("{}: neither NPZ nor safetensors, by its first bytes: {}", path, kHow));
}

}  // namespace plumb
