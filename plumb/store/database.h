// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plumb/core/error.h"

/// The few calls of SQLite that the store needs, with the project's types and errors. Private to
/// store/.
namespace plumb::store {

enum class Access : std::uint8_t { read, write };

/// The file has reached the size that it may have, or the disk is full.
struct FullError : StoreError {
  using StoreError::StoreError;
};

/// One connection to one file, hardened against hostile contents: no extensions, no triggers, no
/// views, no functions called from the schema, every cell checked.
///
/// Errors  StoreError, one line that begins with the path as the user gave it.
/// Threads One connection is used by one thread at a time.
class Database {
 public:
  /// Opens an existing file. Nothing is read yet, so a file that is no database is found out later.
  Database(const std::string& path, Access access);
  /// Opens the same file while promising SQLite that nobody changes it: neither log nor locks are
  /// used.
  static Database open_immutable(const std::string& path);
  ~Database();
  Database(Database&&) noexcept;

  void execute(const char* sql);
  enum class Outcome : std::uint8_t { done, busy, failed };
  /// As execute, but returns what happened; busy when another connection is in the way.
  Outcome attempt(const char* sql);
  bool in_transaction() const;
  /// Closes. No Statement may be left.
  void close();

  [[noreturn]] void fail(int code) const;
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  struct Connection;

  Database(const std::string& path, const std::string& target, int flags);

  std::string path_;
  std::unique_ptr<Connection> connection_;
};

/// A prepared statement. Must not outlive its Database.
class Statement {
 public:
  Statement(const Database& database, const char* sql);
  Statement(const Database&&, const char*) = delete;  ///< would dangle
  ~Statement();

  /// Executes an INSERT, UPDATE or DELETE with these values for its parameters, in order.
  template <class... Values>
  void run(const Values&... values) {
    bind_all(values...);
    next();
    reset();
  }

  /// Starts a SELECT: next() then walks its rows. reset() ends it early, and with it its lock.
  template <class... Values>
  void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }
  /// To the next row; false after the last.
  bool next();
  void reset();

  /// A column of the current row. Errors: StoreError if it holds another type or is out of range.
  std::int64_t integer(int column) const;
  int small_integer(int column) const;
  bool flag(int column) const;
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const;  ///< NULL is a quiet NaN
  bool is_null(int column) const;
  /// NULL is none; a NaN is the text "nan", so that it is not taken for none.
  std::optional<double> optional_real(int column) const;
  std::optional<bool> optional_flag(int column) const;  ///< NULL is none
  bool holds_text(int column) const;
  std::string text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;  ///< valid until the next call of next()

  /// Throws a StoreError that calls the file damaged.
  [[noreturn]] void damaged(std::string_view what) const;

 private:
  struct Prepared;

  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, bool value) { bind(index, std::int64_t{value}); }
  void bind(int index, double value);
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, std::span<const std::uint8_t> value);
  void bind(int index, std::nullopt_t);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind(index, std::nullopt);
    }
  }
  void bind(int index, const std::optional<double>& value);
  void check(int code) const;
  void expect_type(int column, int type, const char* name) const;

  const Database* database_;
  std::unique_ptr<Prepared> prepared_;
};

/// BEGIN ... COMMIT; rolled back when left without commit().
class Transaction {
 public:
  Transaction(Database& database, Access access);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
};

}  // namespace plumb::store
