//! Cron expressions: what is read says the same again, and time only goes forward.

use simian_core::CronSpec;

use crate::{number, split, time, zone};

/// An expression; the first byte chooses the zone, the text itself the times.
pub fn cron(data: &[u8]) {
    let Some((pick, text)) = split(data) else { return };
    let spec: CronSpec = match text.parse() {
        Ok(spec) => spec,
        Err(error) => {
            let error: simian_core::cron::CronError = error;
            return crate::is_said(&error.to_string(), text);
        }
    };
    assert_eq!(spec.as_str().parse::<CronSpec>().as_ref(), Ok(&spec), "what is written is read the same");
    let zone = zone(pick);
    let mut at = time(number(text));
    let mut last = None;
    // Every next time is later, and nothing lies between a time and the one before it.
    for step in 0..6 {
        let Some(next) = spec.next_after(at, zone) else { break };
        assert!(next > at, "{text}: {next} is not after {at}");
        assert!(last.is_none_or(|last| next >= last), "{text}: {next} goes back before {last:?}");
        let just_before = next - chrono::TimeDelta::seconds(1);
        if just_before >= at {
            assert_eq!(spec.next_after(just_before, zone), Some(next), "{text}: just before {next}, in {zone}");
        }
        last = Some(next);
        at = if step % 2 == 0 { next } else { next + chrono::TimeDelta::hours(7) };
    }
}
