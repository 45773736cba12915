//! Whoever waits for a survey is told how far it is, also where a region cannot be read.

use std::sync::{Arc, Mutex};

use simian::progress::Progress;
use simian_sim::{Outage, Weather};

use crate::world::{World, daily, eu, mon};

/// Everything that was told, in order.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn begin(&self, what: &'static str, of: &'static str, steps: u64) {
        self.0.lock().unwrap().push(format!("{what} {steps} {of}"));
    }
    fn done(&self, steps: u64) {
        self.0.lock().unwrap().push(format!("{steps} done"));
    }
}

#[test]
fn a_survey_counts_its_regions() {
    let world = World::new([daily("shop-prod-v001")]);
    let outage = Outage { region: Some(eu()), from: mon(0, 0), until: mon(14, 0) };
    world.cloud.set_weather(Weather { outages: vec![outage], ..Weather::calm() });
    world.clock.set(mon(10, 0));
    let heard = Arc::new(Heard::default());
    let mut process = world.process();
    process.engine.progress = heard.clone();
    assert_eq!(process.game_day("g").failed.len(), 1);
    assert_eq!(*heard.0.lock().unwrap(), ["surveying 2 regions", "1 done", "1 done"]);
    world.audit();
}
