// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "plumb/core/error.h"

namespace plumb {

namespace {

constexpr std::size_t kFirstBytes = 4096;
constexpr std::size_t kMaxChunkBytes =
    std::numeric_limits<uInt>::max();  // what one zlib call can take

class Inflater {
 public:
  explicit Inflater(Wrapping wrapping) {
    // zlib's codes: negative for no wrapping, + 16 for gzip's.
    const int window_bits = wrapping == Wrapping::raw ? -MAX_WBITS : MAX_WBITS + 16;
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

std::vector<std::byte> inflate_bytes(std::span<const std::byte> bytes, Wrapping wrapping,
                                     std::uint64_t max_bytes, const std::string& place) {
  Inflater inflater(wrapping);
  z_stream& stream = inflater.stream();
  std::vector<std::byte> out;
  std::size_t read = 0, written = 0;
  while (true) {
    if (written == out.size()) {
      if (written >= max_bytes) break;
      out.resize(static_cast<std::size_t>(
          std::min<std::uint64_t>(max_bytes, std::max(kFirstBytes, 2 * out.size()))));
    }
    const auto in_chunk = static_cast<uInt>(std::min(bytes.size() - read, kMaxChunkBytes));
    const auto out_chunk = static_cast<uInt>(std::min(out.size() - written, kMaxChunkBytes));
    // zlib's interface is not const-correct; it does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data() + read));
    stream.avail_in = in_chunk;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = out_chunk;
    const int code = inflate(&stream, Z_NO_FLUSH);
    read += in_chunk - stream.avail_in;
    written += out_chunk - stream.avail_out;
    if (code == Z_STREAM_END) {
      if (read == bytes.size()) break;
      if (wrapping == Wrapping::raw) {
        throw DataError(
            fmt::format("{}: {} bytes follow the end of the compressed data, expected none", place,
                        bytes.size() - read));
      }
      inflateReset(&stream);
    } else if (code == Z_BUF_ERROR) {
      throw DataError(
          fmt::format("{}: compressed data is truncated after {} bytes", place, bytes.size()));
    } else if (code != Z_OK) {
      throw DataError(fmt::format("{}: compressed data is damaged near byte {}: {}", place, read,
                                  stream.msg ? stream.msg : "wrong code"));
    }
  }
  out.resize(written);
  return out;
}

}  // namespace plumb
