//! What a person types and reads, word for word: `tests/cmd/*.trycmd`. None of it needs AWS.
//!
//! `TRYCMD=overwrite cargo test --test cmd` writes down what it says now; then put `[..]` where times and hashes are.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        // As wide as help ever gets, whatever the terminal.
        .env("COLUMNS", "100")
        .env("SIMIAN_CONFIG", "simian.toml")
        .env("STATE_DIRECTORY", "")
        .case("tests/cmd/*.trycmd");
}
