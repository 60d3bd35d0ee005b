// SPDX-License-Identifier: Apache-2.0
// Tables. The first byte says with which options; the table is read for training, and then as
// another table of its own columns, which must be taken whenever the first was.
#include "plumb/data/csv.h"
#include "plumb/core/error.h"
#include "tests/fuzz/fuzz.h"

namespace {

plumb::CsvOptions options_of(std::uint8_t bits) {
  plumb::CsvOptions options;
  if ((bits & 1) != 0) options.label = "-1";
  if ((bits & 2) != 0) options.target = "0";
  if ((bits & 4) != 0) options.na = "zero,-999";
  if ((bits & 8) != 0) options.na = "drop";
  if ((bits & 16) != 0) options.encode = "1";
  if ((bits & 32) != 0) options.drop = "2";
  if ((bits & 64) != 0) options.decimal = ',';
  if ((bits & 128) != 0) options.may_be_one_column = true;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  if (size == 0) return 0;
  const CsvOptions options = options_of(data[0]);
  const CsvFile file{fuzz::text_of(data + 1, size - 1), options, "a.csv"};
  try {
    const Dataset read = parse_csv(file.bytes, file.options, file.place);
    check_dataset(read);
    const OtherData other = parse_other_csv(file, &file, LabelUse::optional);
    check_dataset(other.data);
    fuzz::expect(other.data.x.shape().row_shape() == read.x.shape().row_shape(),
                 "another table of the same columns has the same inputs");
  } catch (const DataError& error) {
    fuzz::expect_message(error.what(), "a.csv");
  } catch (const SpecError&) {  // an option names a column that is not there
  }
  return 0;
}
