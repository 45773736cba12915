//! What a web server answers: a status and how long to wait.

use chrono::TimeDelta;
use simian::sinks::webhook::judge;

use crate::{number, split, time};

/// A `Retry-After` header; the first byte chooses the status.
pub fn answers(data: &[u8]) {
    let Some((pick, header)) = split(data) else { return };
    let status = [200, 204, 301, 404, 408, 429, 500, 503][usize::from(pick) % 8];
    let now = time(number(header));
    let Err(refusal) = judge(status, Some(header), now) else { return };
    let without = judge(status, None, now).map_err(|refusal| refusal.message);
    assert_eq!(without.as_ref(), Err(&refusal.message), "an answer is repeated");
    if let Some(wait) = refusal.wait {
        assert!(wait >= TimeDelta::zero() && !refusal.lasting, "{header:?}: {wait}");
    }
}
