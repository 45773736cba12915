//! A simulated AWS account: seeded, in virtual time, awkward on purpose.
