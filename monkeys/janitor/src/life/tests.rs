//! The life of waste as a table.
