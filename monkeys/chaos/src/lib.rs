//! The chaos monkey: ends instances of units that opted in.
