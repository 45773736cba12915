//! Four weeks of an account, a round every working day: the janitor's waste, and the conformity monkey's findings.
//!
//! The account of the emulator is made in one minute, so every age is 0 days here: what is younger than its rule asks for
//! is the rules' own tests. So are launches of images that AWS remembers, warm pools, what AWS itself looks after, and
//! resources that others share: the emulator has none of them. It answers at once, so that a snapshot is whole on the
//! next day; one that is not is the pipeline's test.

mod estate;
mod findings;
mod stage;
mod waste;
