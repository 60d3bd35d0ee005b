// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "plumb/data/csv.h"
#include "plumb/data/idx.h"
#include "plumb/data/image.h"
#include "plumb/data/npz.h"
#include "plumb/data/npz_dataset.h"
#include "plumb/data/safetensors.h"
#include "tests/data/allocation_limit.h"
#include "tests/data/idx_files.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::AllocationLimit;
using testing::as_bytes;
using testing::gzip;
using testing::idx;
using testing::read_text;

constexpr int kMutations = 10000;
constexpr std::size_t kMaxAllocationBytes = std::size_t{16} << 20;
const std::string kGolden = std::string(PLUMB_TEST_DIR) + "/data/golden/";

/// One to four damages: a flipped bit, a byte of an extreme value, a cut end, a piece taken out or
/// doubled.
std::string mutate(std::string bytes, const Rng& rng) {
  std::uint64_t draw = 0;
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(rng.below(draw++, std::max<std::size_t>(n, 1)));
  };
  const std::size_t damages = 1 + below(4);
  for (std::size_t i = 0; i < damages && !bytes.empty(); ++i) {
    const std::size_t at = below(bytes.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(16, bytes.size() - at));
    switch (below(5)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 1:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), length,
                    "\x00\xFF\x7F\x80"[below(4)]);
        break;
      case 2: bytes.resize(at); break;
      case 3: bytes.erase(at, length); break;
      default: bytes.insert(at, bytes.substr(at, length)); break;
    }
  }
  return bytes;
}

/// Parses damaged forms of the inputs in turn: each must be read or be refused with a DataError.
void expect_only_data_errors(const std::vector<std::string>& inputs,
                             const std::function<void(const std::string&)>& parse) {
  for (const std::string& input : inputs) ASSERT_NO_THROW(parse(input));
  const Rng root(1, "mutations");
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string damaged = mutate(inputs[static_cast<std::size_t>(i) % inputs.size()],
                                       root.child(static_cast<std::uint64_t>(i)));
    try {
      const AllocationLimit limit(kMaxAllocationBytes);
      parse(damaged);
    } catch (const DataError& error) {
      ++refused;
      ASSERT_TRUE(std::string(error.what()).starts_with("damaged: ")) << error.what();
    } catch (const std::bad_alloc&) {
      FAIL() << "mutation " << i << " asks for more than " << kMaxAllocationBytes
             << " bytes at once";
    } catch (const std::exception& error) {
      FAIL() << "mutation " << i << ": " << error.what();
    }
  }
  EXPECT_GT(refused, kMutations / 4);
}

TEST(MutationTest, TheAllocationLimitBites) {
  const AllocationLimit limit(1000);
  EXPECT_NO_THROW(std::string(900, 'x').size());
  EXPECT_THROW(std::string(1001, 'x').size(), std::bad_alloc);
  EXPECT_NO_THROW(Tensor({250}, DType::f32));
  EXPECT_THROW(Tensor({251}, DType::f32), std::bad_alloc);
}

TEST(MutationTest, IdxIsReadOrRefused) {
  expect_only_data_errors({idx({2, 3, 4}, std::string(24, 'x'))}, [](const std::string& bytes) {
    parse_idx(as_bytes(bytes), 3, "damaged");
  });
}

TEST(MutationTest, GzippedIdxIsReadOrRefused) {
  // Zeros pack best: the largest expansion that damage can let loose.
  std::string varied(200, '\0');
  for (std::size_t i = 0; i < varied.size(); ++i) varied[i] = static_cast<char>(i * i);
  expect_only_data_errors(
      {gzip(idx({2, 10, 10}, varied)), gzip(idx({100, 28, 28}, std::string(78400, '\0')))},
      [](const std::string& bytes) { parse_idx(as_bytes(bytes), 3, "damaged"); });
}

TEST(MutationTest, CsvIsReadOrRefused) {
  const std::string text =
      "a,label,\"b, \"\"c\"\"\"\r\n1,0,2.5\n-3e-2,1,\"4\"\n\n+5,12,6\n7.25,\"3\",1e30\n";
  for (const CsvOptions& options : {CsvOptions{.label = "1"}, CsvOptions{.target = "1"}}) {
    expect_only_data_errors(
        {text}, [&](const std::string& bytes) { parse_csv(bytes, options, "damaged"); });
  }
}

TEST(MutationTest, TablesAsPeopleHaveThemAreReadOrRefused) {
  const std::string text =
      "\xEF\xBB\xBFid;born;site;\"age; years\";kg;label\r\n1;2024-01-11;n;20;50,5;1\r\n"
      "2;2024-02-12;s;30;NA;2\r\n3;2024-03-13;n;40;1.060,5;1\r\n4;2024-04-14;s;50;12 %;3\r\n";
  std::string wide;
  for (const char c : text.substr(3)) wide += {c, '\0'};
  // Damage makes few of these unreadable: a table of text is mostly what it is taken for.
  expect_only_data_errors({text, gzip(text), wide}, [](const std::string& bytes) {
    parse_csv(bytes, {.label = "label"}, "damaged");
  });
}

TEST(MutationTest, NpyIsReadOrRefused) {
  expect_only_data_errors({read_text(kGolden + "fortran.npy"), read_text(kGolden + "version_2.npy"),
                           read_text(kGolden + "version_3.npy")},
                          [](const std::string& bytes) { parse_npy(as_bytes(bytes), "damaged"); });
}

TEST(MutationTest, NpzIsReadOrRefused) {
  expect_only_data_errors({read_text(kGolden + "stored.npz"), read_text(kGolden + "deflated.npz"),
                           read_text(kGolden + "zip64.npz")},
                          [](const std::string& bytes) { parse_npz(as_bytes(bytes), "damaged"); });
}

TEST(MutationTest, SafetensorsAreReadOrRefused) {
  expect_only_data_errors(
      {read_text(kGolden + "tensors.safetensors")},
      [](const std::string& bytes) { parse_safetensors(as_bytes(bytes), "damaged"); });
}

TEST(MutationTest, ImagesAreReadOrRefused) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"colour.png", "grey.png", "palette.png", "clear.png"},
        {"colour.jpg", "grey.jpg", "progressive.jpg"}}) {
    std::vector<std::string> images;
    for (const std::string& name : names) images.push_back(read_text(kGolden + name));
    expect_only_data_errors(
        images, [](const std::string& bytes) { decode_image(as_bytes(bytes), "damaged"); });
  }
}

TEST(MutationTest, NpzDataSetsAreReadOrRefused) {
  expect_only_data_errors({read_text(kGolden + "dataset.npz")}, [](const std::string& bytes) {
    npz_dataset(parse_npz(as_bytes(bytes), "damaged"), "damaged");
  });
}

}  // namespace
}  // namespace plumb
