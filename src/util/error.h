// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

// The four kinds of errors and their four spellings. Mixing them hides who is to blame:
//
//   1. our bug               CHECK(cond)            aborts, on in release too
//   2. a peer misbehaved     throw ProtocolError    ends that peer's connection, nothing else
//   3. the OS refused        check("op", ret, …)    throws SystemError
//   4. an expected answer    std::optional/expected never an exception
//
// A step of a move that cannot go on (a host refuses, a helper program fails) throws Failure; only
// the step runner, the owner of a connection and main() catch anything.

namespace wayferry {

/// A peer (app, compositor, remote wayferry, a file) said something that it must not say. `where`
/// names the object and message or the file and byte, `what` says what is wrong with it.
class ProtocolError : public std::runtime_error {
 public:
  ProtocolError(std::string where, const std::string& text)
      : std::runtime_error(where + ": " + text), where_(std::move(where)), text_(text) {}
  const std::string& where() const { return where_; }
  const std::string& text() const { return text_; }

 private:
  std::string where_;
  std::string text_;
};

/// The operating system refused an operation; carries errno and the operation with its operand.
class SystemError : public std::system_error {
 public:
  SystemError(int error, std::string_view operation, std::string_view operand = {})
      : std::system_error(error, std::generic_category(),
                          operand.empty() ? std::string(operation)
                                          : std::string(operation) + " " + std::string(operand)) {}
  int error() const { return code().value(); }
};

/// Something the user asked for cannot be done. `host` is where it failed ("" = not bound to a
/// host), `text` what failed, `cure` what the user can do about it ("" = nothing known).
class Failure : public std::runtime_error {
 public:
  Failure(std::string host, const std::string& text, std::string cure = {})
      : std::runtime_error((host.empty() ? text : host + ": " + text) +
                           (cure.empty() ? "" : "\n  cure: " + cure)),
        host_(std::move(host)),
        text_(text),
        cure_(std::move(cure)) {}
  const std::string& host() const { return host_; }
  const std::string& text() const { return text_; }
  const std::string& cure() const { return cure_; }

 private:
  std::string host_;
  std::string text_;
  std::string cure_;
};

/// Passes a system call's result through; throws SystemError when it is -1.
template <typename Result>
Result check(std::string_view operation, Result result, std::string_view operand = {}) {
  if (result == static_cast<Result>(-1)) throw SystemError(errno, operation, operand);
  return result;
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace wayferry

/// An invariant of our own code; a false one is our bug and ends the process with its place.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::wayferry::check_failed(#condition, __FILE__, __LINE__))
