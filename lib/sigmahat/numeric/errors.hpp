#pragma once

#include <stdexcept>
#include <string>

namespace sigmahat {

/// Base of everything the library throws on purpose. The message is one line for a person.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller's input is wrong: the message says what, where, and what was expected.
class InputError : public Error {
 public:
  using Error::Error;
};

/// Text that is not of the form asked for (a number, an activation, a problem file).
class ParseError : public InputError {
 public:
  using InputError::InputError;
};

/// The input is well-formed, but what it asks for is outside the domain of the function.
class DomainError : public InputError {
 public:
  using InputError::InputError;
};

/// The computation failed: precision not reached, no convergence, a number out of range.
class NumericalError : public Error {
 public:
  using Error::Error;
};

/// A progress callback asked the computation to stop.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// A file could not be read or written.
class IoError : public Error {
 public:
  using Error::Error;
};

}  // namespace sigmahat
