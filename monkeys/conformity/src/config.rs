//! The monkey's own table, `[monkeys.conformity]`.

use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};
use simian_core::{CronSpec, Mode};

use crate::exempt::Exempt;
use crate::parameters::{Tuning, asks_nothing};
use crate::rule::{Enabled, RuleId};
use crate::rules::{self, RULES};

/// `[monkeys.conformity]`: what is not written has a cautious default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether it runs at all.
    pub enabled: bool,
    /// What it may do at most. It touches nothing either way; in a rehearsal its findings say so.
    pub mode: Mode,
    /// How often it looks.
    pub cron: CronSpec,
    /// Which rules are asked: `*` for all of them.
    pub rules: Vec<Pick>,
    /// Which of those are not.
    pub except: Vec<Pick>,
    /// Their parameters.
    pub rule: Tuning,
    /// Who need not keep which, until when.
    pub exempt: Vec<Exempt>,
}

/// One word of a list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// `*`
    All,
    /// A rule, by id.
    One(RuleId),
}

impl Pick {
    fn takes(self, id: &str) -> bool {
        match self {
            Pick::All => true,
            Pick::One(one) => one.0 == id,
        }
    }
}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match &*String::deserialize(deserializer)? {
            "*" => Ok(Pick::All),
            id => RuleId::deserialize(id.into_deserializer()).map(Pick::One),
        }
    }
}

/// Two keys that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key to mend.
    pub key: &'static str,
    /// What is wrong and the remedy.
    pub why: String,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that a test reads")]
        let cron = "40 * * * *".parse().expect("the default is valid");
        Self {
            enabled: false,
            mode: Mode::Live,
            cron,
            rules: vec![Pick::All],
            except: Vec::new(),
            rule: Tuning::default(),
            exempt: Vec::new(),
        }
    }
}

impl Config {
    /// The rules that are asked, in reading order. One that has nothing to ask, because its list is empty, is not.
    pub(crate) fn enabled(&self) -> Vec<Enabled> {
        let picked = |id: &str| {
            let takes = |picks: &[Pick]| picks.iter().any(|pick| pick.takes(id));
            takes(&self.rules) && !takes(&self.except)
        };
        let rules = RULES.iter().filter(|rule| picked(rule.id));
        let enabled = rules.map(|rule| Enabled::new(rule, self.rule.0.get(rule.id)));
        enabled.filter(|enabled| asks_nothing(&enabled.parameters).is_none()).collect()
    }

    /// What the keys say against each other.
    pub fn check(&self) -> Result<(), Contradiction> {
        for pick in &self.rules {
            let Pick::One(RuleId(id)) = pick else { continue };
            let Ok(rule) = rules::find(id) else { continue };
            let parameters = Enabled::new(rule, self.rule.0.get(rule.id)).parameters;
            if let Some(key) = asks_nothing(&parameters) {
                let why = format!("{id} asks nothing while monkeys.conformity.rule.{id}.{key} is empty: write it");
                return Err(Contradiction { key: "rules", why });
            }
        }
        if self.enabled && self.enabled().is_empty() {
            let why = "no rule is left to ask: name some, or write \"*\" for all".to_owned();
            return Err(Contradiction { key: "rules", why });
        }
        Ok(())
    }
}
