// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/idx.h"

#include <gtest/gtest.h>

#include "plumb/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::as_bytes;
using testing::gzip;
using testing::idx;
using testing::message_of;
using testing::TempDir;

std::string idx_error(const std::string& bytes, int rank) {
  return message_of<DataError>([&] { parse_idx(as_bytes(bytes), rank, "a"); });
}

TEST(IdxTest, PlainAndGzipFilesGiveTheSameElements) {
  const TempDir dir;
  const std::string bytes = idx({2, 1, 3}, std::string("\x00\x01\x02\xFD\xFE\xFF", 6));
  for (const std::string& path : {dir.write("plain", bytes), dir.write("packed", gzip(bytes))}) {
    const IdxArray array = read_idx(path, 3);
    EXPECT_EQ(array.extents, (std::vector<std::uint64_t>{2, 1, 3}));
    EXPECT_EQ(array.values, (std::vector<std::uint8_t>{0, 1, 2, 253, 254, 255}));
  }
}

TEST(IdxTest, AGzipFileMayHaveSeveralMembers) {
  const std::string bytes = idx({4}, "abcd");
  const auto array = parse_idx(as_bytes(gzip(bytes.substr(0, 9)) + gzip(bytes.substr(9))), 1, "a");
  EXPECT_EQ(array.values, (std::vector<std::uint8_t>{'a', 'b', 'c', 'd'}));
}

TEST(IdxTest, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(message_of<DataError>([] { read_idx("no/such", 1); }), "no/such: no such file");
  EXPECT_EQ(idx_error(idx({2}, "ab"), 3),
            "a: the IDX magic is 0x00000801, expected 0x00000803 (unsigned bytes, 3 axes)");
  EXPECT_EQ(idx_error(idx({1, 1, 2}, "ab"), 1),
            "a: the IDX magic is 0x00000803, expected 0x00000801 (unsigned bytes, 1 axis)");
  EXPECT_EQ(idx_error(idx({2}, "ab").substr(0, 6), 1),
            "a: truncated: the IDX header takes 4 bytes from byte 4, but the data ends at byte 6");
  EXPECT_EQ(idx_error(idx({2, 3, 1}, "12345"), 3),
            "a: 5 bytes follow the IDX header, expected 2 x 3 x 1");
  EXPECT_EQ(idx_error(idx({2}, "abc"), 1), "a: more bytes follow the IDX header, expected 2");
}

TEST(IdxTest, GzipErrorsSayWhatIsWrong) {
  const std::string packed = gzip(idx({2}, "ab"));
  EXPECT_EQ(idx_error(gzip(idx({2}, "abc")), 1), "a: more bytes follow the IDX header, expected 2");
  EXPECT_EQ(idx_error(gzip(idx({3}, "ab")), 1), "a: 2 bytes follow the IDX header, expected 3");
  EXPECT_EQ(
      idx_error(packed.substr(0, packed.size() - 1), 1),
      "a: compressed data is truncated after " + std::to_string(packed.size() - 1) + " bytes");
  std::string crc = packed;
  crc[crc.size() - 5] ^= 1;
  EXPECT_NE(idx_error(crc, 1).find("incorrect data check"), std::string::npos) << idx_error(crc, 1);
  EXPECT_NE(idx_error(packed + "tail", 1).find("incorrect header check"), std::string::npos);
}

TEST(IdxTest, SizesThatLieAreErrorsNotAllocations) {
  // 2^32 - 1 of everything is 2^96 elements; 2^16 x 2^16 x 2^8 is 2^40.
  const std::string huge = idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "1234");
  const std::string large = idx({1 << 16, 1 << 16, 1 << 8}, "1234");
  EXPECT_EQ(idx_error(huge, 3),
            "a: 4 bytes follow the IDX header, expected 4294967295 x 4294967295 x 4294967295");
  EXPECT_EQ(idx_error(large, 3), "a: 4 bytes follow the IDX header, expected 65536 x 65536 x 256");
  EXPECT_EQ(idx_error(gzip(large), 3),
            "a: 4 bytes follow the IDX header, expected 65536 x 65536 x 256");
  EXPECT_NE(idx_error(gzip(huge), 3), "");
}

}  // namespace
}  // namespace plumb
