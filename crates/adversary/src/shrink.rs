//! Makes a week that shows something shorter, as long as it still shows the same: first fewer steps, then a simpler
//! world.

use crate::scenario::{Scenario, WeatherSetup};
use crate::world::Week;

/// How many weeks are played for it at most: some minutes.
const MOST: u32 = 600;

/// The shortest week found in which the same rule is broken.
pub fn shrink(scenario: &Scenario, rule: &str) -> Scenario {
    let mut search = Search { rule, best: scenario.clone(), left: MOST };
    loop {
        let before = search.best.clone();
        search.fewer_steps();
        search.simpler();
        if search.best == before || search.left == 0 {
            return search.best;
        }
    }
}

struct Search<'r> {
    rule: &'r str,
    best: Scenario,
    left: u32,
}

impl Search<'_> {
    /// Takes it if it still breaks the rule.
    fn offer(&mut self, scenario: Scenario) -> bool {
        if self.left == 0 || scenario == self.best {
            return false;
        }
        self.left -= 1;
        let played = Week::play(&scenario, false);
        let same = played.is_ok_and(|week| week.violations.iter().any(|violation| violation.rule == self.rule));
        if same {
            self.best = scenario;
        }
        same
    }

    /// Leaves out ever smaller runs of steps (Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing
    /// input").
    fn fewer_steps(&mut self) {
        let mut size = self.best.steps.len();
        while size > 0 {
            let mut from = 0;
            while from < self.best.steps.len() {
                let mut fewer = self.best.clone();
                let until = (from + size).min(fewer.steps.len());
                fewer.steps.drain(from..until);
                if !self.offer(fewer) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    /// Leaves out ever smaller runs of things.
    fn fewer_things(&mut self) {
        let mut size = self.best.setup.things.len();
        while size > 0 {
            let mut from = 0;
            while from < self.best.setup.things.len() {
                let mut fewer = self.best.clone();
                let until = (from + size).min(fewer.setup.things.len());
                fewer.setup.things.drain(from..until);
                if !self.offer(fewer) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    fn simpler(&mut self) {
        let mut nth = 0;
        while nth < self.best.setup.groups.len() {
            let mut fewer = self.best.clone();
            fewer.setup.groups.remove(nth);
            fewer.setup.ourselves = fewer.setup.ourselves.filter(|at| *at != nth);
            if !self.offer(fewer) {
                nth += 1;
            }
        }
        self.fewer_things();
        let changes: [fn(&mut Scenario); 12] = [
            |week| week.setup.weather = WeatherSetup::default(),
            |week| week.setup.weather.stale = 0,
            |week| week.setup.weather.throttle = 0,
            |week| week.setup.weather.latency = (0, 0),
            |week| week.setup.days = week.setup.days.saturating_sub(1).max(1),
            |week| week.setup.regions = 1,
            |week| week.setup.policy.holidays.clear(),
            |week| week.setup.policy.freezes.clear(),
            |week| week.setup.policy.zone = "UTC".into(),
            |week| week.setup.policy.across_regions = false,
            |week| week.setup.policy.veto = 0,
            |week| week.setup.ourselves = None,
        ];
        for change in changes {
            let mut simpler = self.best.clone();
            change(&mut simpler);
            let groups = simpler.setup.groups.iter().map(|group| group.region);
            let mut places = groups.chain(simpler.setup.things.iter().map(|thing| thing.region));
            let reachable = places.all(|region| region < simpler.setup.regions);
            if reachable {
                self.offer(simpler);
            }
        }
    }
}
