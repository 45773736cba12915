//! What can be done to an instance, beside what its group says of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::action::{Action, Asks};
use crate::fault::{Attached, Node};
use crate::fleet::{InstanceId, View};

/// What was asked of instances, because something is to be done that not every instance can take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// When it was begun to ask: nothing in it is older.
    pub at: DateTime<Utc>,
    /// What Systems Manager says of them; `Known(None)` of one that it does not manage.
    pub agents: BTreeMap<InstanceId, View<Option<Node>>>,
    /// What EC2 says of them; `Known(None)` of one that there is not.
    pub instances: BTreeMap<InstanceId, View<Option<Attached>>>,
}

impl Abilities {
    /// Why that cannot be done to an instance; `Known(None)` where nothing speaks against it.
    pub fn against(&self, action: Action, id: &InstanceId) -> View<Option<String>> {
        match action.asks() {
            Asks::Nothing => View::Known(None),
            Asks::Agent => said(self.agents.get(id), |node| match node {
                None => Some(format!("Systems Manager does not manage {id}")),
                Some(node) if !node.online => Some(format!("the agent of {id} does not answer")),
                Some(node) if !node.linux => Some(format!("{id} does not run Linux")),
                Some(_) => None,
            }),
            Asks::Instance => said(self.instances.get(id), |attached| match attached {
                None => Some(format!("there is no {id}")),
                Some(attached) => attached.against(action, id),
            }),
        }
    }

    /// Whether what that needs of an instance was asked.
    pub fn has(&self, action: Action, id: &InstanceId) -> bool {
        match action.asks() {
            Asks::Nothing => true,
            Asks::Agent => self.agents.contains_key(id),
            Asks::Instance => self.instances.contains_key(id),
        }
    }
}

fn said<T>(asked: Option<&View<T>>, judge: impl Fn(&T) -> Option<String>) -> View<Option<String>> {
    match asked {
        Some(View::Known(answer)) => View::Known(judge(answer)),
        Some(View::Unknown(why)) => View::Unknown(why.clone()),
        Some(View::Unasked) | None => View::Unasked,
    }
}

impl Attached {
    /// Why that cannot be done to it.
    pub fn against(&self, action: Action, id: &InstanceId) -> Option<String> {
        match action {
            Action::StopStart if !self.stoppable => {
                Some(format!("{id} does not boot from a volume, so it cannot be stopped"))
            }
            Action::StopStart if self.ephemeral => {
                Some(format!("{id} has disks of its own, and would lose what they hold"))
            }
            Action::Isolate if self.vpc.is_none() => Some(format!("{id} is in no network of its own")),
            Action::DetachVolumes if self.volumes.is_empty() => {
                Some(format!("{id} has no volume but the one that it boots from"))
            }
            Action::SpotInterruption if !self.spot => Some(format!("{id} is no Spot instance")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_asks_for_what_it_needs() {
        let id = InstanceId::new("i-1");
        let mut known = Abilities::default();
        let why = |known: &Abilities, action| match known.against(action, &id) {
            View::Known(None) => "can".to_owned(),
            View::Known(Some(why)) => why,
            other => format!("{other:?}"),
        };
        assert_eq!(why(&known, Action::Terminate), "can");
        assert_eq!(why(&known, Action::Latency), "Unasked");
        assert!(known.has(Action::Reboot, &id) && !known.has(Action::Latency, &id));
        let node = |online, linux| View::Known(Some(Node { online, linux }));
        for (says, expected) in [
            (View::Known(None), "Systems Manager does not manage i-1"),
            (node(false, true), "the agent of i-1 does not answer"),
            (node(true, false), "i-1 does not run Linux"),
            (node(true, true), "can"),
            (View::Unknown("denied".into()), "Unknown(\"denied\")"),
        ] {
            known.agents.insert(id.clone(), says);
            assert_eq!(why(&known, Action::BurnCpu), expected);
        }
        assert_eq!(why(&known, Action::Isolate), "Unasked", "that is another question");
        known.instances.insert(id.clone(), View::Known(None));
        assert_eq!(why(&known, Action::Isolate), "there is no i-1");
        let bare = Attached { ephemeral: true, ..Attached::default() };
        let all = [
            (Action::StopStart, "i-1 does not boot from a volume, so it cannot be stopped"),
            (Action::Isolate, "i-1 is in no network of its own"),
            (Action::DetachVolumes, "i-1 has no volume but the one that it boots from"),
            (Action::SpotInterruption, "i-1 is no Spot instance"),
        ];
        for (action, expected) in all {
            assert_eq!(bare.against(action, &id).as_deref(), Some(expected));
        }
        let disks = Attached { stoppable: true, ..bare };
        assert!(disks.against(Action::StopStart, &id).unwrap().contains("disks of its own"));
        let whole = Attached {
            vpc: Some("vpc-1".into()),
            interfaces: BTreeMap::new(),
            volumes: [("/dev/sdf".into(), "vol-1".into())].into(),
            stoppable: true,
            ephemeral: false,
            spot: true,
        };
        assert!(all.iter().all(|(action, _)| whole.against(*action, &id).is_none()));
    }
}
