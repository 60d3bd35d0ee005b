// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "plumb/core/error.h"

namespace plumb::store {

namespace {

constexpr int kBusyTimeout_ms = 10'000;
constexpr std::string_view kNaNText = "nan";
constexpr int kMaxValue_bytes = 64 << 20;  // our choice: no text or blob of a run comes near it

// SQLite may be built to read "file:..." and ":memory:" as something else than a file of that name;
// a path that begins at the root is always a file.
std::string absolute_path(const std::string& path) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored);
  return ignored ? path : absolute.string();
}

std::string as_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : absolute_path(path)) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

// SQLite quotes what it read, and a damaged file may hold anything.
std::string one_line(std::string_view message) {
  constexpr std::size_t kLongEnough = 200;
  std::string line(message.substr(0, kLongEnough));
  for (char& c : line) {
    if (c < ' ' || c > '~') c = c == '\n' ? ' ' : '?';
  }
  return message.size() > kLongEnough ? line + "..." : line;
}

std::string explain(sqlite3* handle, int code) {
  const std::string message = one_line(sqlite3_errmsg(handle));
  const int system_error = sqlite3_system_errno(handle);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // a table or column that ought to be there is not
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return "damaged run file: " + message;
    case SQLITE_NOTADB: return "not a run file: expected an SQLite database";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "in use by another program: " + message;
    case SQLITE_FULL: return "cannot be written: " + message;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return system_error == 0 ? message : message + ": " + std::strerror(system_error);
    default: return message;
  }
}

}  // namespace

struct Database::Connection {
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { sqlite3_close_v2(handle); }
  sqlite3* handle = nullptr;
};

struct Statement::Prepared {
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { sqlite3_finalize(handle); }
  sqlite3_stmt* handle = nullptr;
};

Database::Database(const std::string& path, Access access)
    : Database(path, absolute_path(path),
               access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) {}

Database Database::open_immutable(const std::string& path) {
  return {path, as_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI};
}

Database::Database(const std::string& path, const std::string& target, int flags)
    : path_(path), connection_(std::make_unique<Connection>()) {
  // A connection is used by one thread at a time, and locking takes a tenth of an insertion.
  const int code =
      sqlite3_open_v2(target.c_str(), &connection_->handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  sqlite3* handle = connection_->handle;
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeout_ms);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValue_bytes);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  execute("PRAGMA cell_size_check = ON");
}

Database::~Database() = default;
Database::Database(Database&&) noexcept = default;

void Database::close() { connection_.reset(); }

void Database::fail(int code) const {
  const std::string message = path_ + ": " + explain(connection_->handle, code);
  if ((code & 0xff) == SQLITE_FULL) throw FullError(message);
  throw StoreError(message);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

Database::Outcome Database::attempt(const char* sql) {
  const int code = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr) & 0xff;
  if (code == SQLITE_OK) return Outcome::done;
  return code == SQLITE_BUSY || code == SQLITE_LOCKED ? Outcome::busy : Outcome::failed;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_->handle) == 0; }

Statement::Statement(const Database& database, const char* sql)
    : database_(&database), prepared_(std::make_unique<Prepared>()) {
  check(sqlite3_prepare_v2(database.connection_->handle, sql, -1, &prepared_->handle, nullptr));
}

Statement::~Statement() = default;

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_->fail(code);
}

bool Statement::next() {
  const int code = sqlite3_step(prepared_->handle);
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    sqlite3_reset(prepared_->handle);  // keeps the message, and the statement can be used again
    database_->fail(code);
  }
  return code == SQLITE_ROW;
}

void Statement::reset() { check(sqlite3_reset(prepared_->handle)); }

void Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(prepared_->handle, index, value));
}

void Statement::bind(int index, double value) {
  check(sqlite3_bind_double(prepared_->handle, index, value));  // NaN becomes NULL
}

void Statement::bind(int index, std::string_view value) {
  const char* text = value.data() == nullptr ? "" : value.data();  // a null pointer would be NULL
  check(sqlite3_bind_text(prepared_->handle, index, text, static_cast<int>(value.size()),
                          SQLITE_STATIC));
}

void Statement::bind(int index, std::span<const std::uint8_t> value) {
  if (value.empty()) {
    check(sqlite3_bind_zeroblob(prepared_->handle, index, 0));
  } else {
    check(sqlite3_bind_blob(prepared_->handle, index, value.data(), static_cast<int>(value.size()),
                            SQLITE_STATIC));
  }
}

void Statement::bind(int index, std::nullopt_t) {
  check(sqlite3_bind_null(prepared_->handle, index));
}

void Statement::bind(int index, const std::optional<double>& value) {
  if (!value) {
    bind(index, std::nullopt);
  } else if (std::isnan(*value)) {
    bind(index, kNaNText);
  } else {
    bind(index, *value);
  }
}

void Statement::damaged(std::string_view what) const {
  throw StoreError(fmt::format("{}: damaged run file: {}", database_->path(), one_line(what)));
}

void Statement::expect_type(int column, int type, const char* name) const {
  if (sqlite3_column_type(prepared_->handle, column) != type) {
    damaged(fmt::format("column {} does not hold {}",
                        sqlite3_column_name(prepared_->handle, column), name));
  }
}

std::int64_t Statement::integer(int column) const {
  expect_type(column, SQLITE_INTEGER, "an integer");
  return sqlite3_column_int64(prepared_->handle, column);
}

int Statement::small_integer(int column) const {
  const std::int64_t value = integer(column);
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    damaged(fmt::format("column {} is {}, out of range",
                        sqlite3_column_name(prepared_->handle, column), value));
  }
  return static_cast<int>(value);
}

bool Statement::flag(int column) const {
  const std::int64_t value = integer(column);
  if (value != 0 && value != 1) {
    damaged(fmt::format("column {} is {}, expected 0 or 1",
                        sqlite3_column_name(prepared_->handle, column), value));
  }
  return value == 1;
}

double Statement::real(int column) const {
  if (sqlite3_column_type(prepared_->handle, column) == SQLITE_NULL) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  expect_type(column, SQLITE_FLOAT, "a real number");
  return sqlite3_column_double(prepared_->handle, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(prepared_->handle, column) == SQLITE_NULL;
}

bool Statement::holds_text(int column) const {
  return sqlite3_column_type(prepared_->handle, column) == SQLITE_TEXT;
}

std::optional<double> Statement::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  if (holds_text(column) && text(column) == kNaNText) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return real(column);
}

std::optional<bool> Statement::optional_flag(int column) const {
  if (is_null(column)) return std::nullopt;
  return flag(column);
}

std::string Statement::text(int column) const {
  expect_type(column, SQLITE_TEXT, "a text");
  const unsigned char* data = sqlite3_column_text(prepared_->handle, column);
  if (data == nullptr) database_->fail(sqlite3_errcode(database_->connection_->handle));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_->handle, column));
  return {reinterpret_cast<const char*>(data), size};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  expect_type(column, SQLITE_BLOB, "a blob");
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(prepared_->handle, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_->handle, column));
  if (data == nullptr && sqlite3_errcode(database_->connection_->handle) == SQLITE_NOMEM) {
    database_->fail(SQLITE_NOMEM);
  }
  return {data, data == nullptr ? 0 : size};
}

Transaction::Transaction(Database& database, Access access) : database_(database) {
  database.execute(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (database_.in_transaction()) database_.attempt("ROLLBACK");
}

void Transaction::commit() { database_.execute("COMMIT"); }

}  // namespace plumb::store
