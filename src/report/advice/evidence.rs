//! How many resources show something, and whose they are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use simian_core::{AccountId, Region};

use crate::report::text::{grouped, many};

/// How many resources are named as examples.
const EXAMPLES: usize = 3;

/// How many owners are named.
const OWNERS: usize = 3;

/// Where something is: names are unique only there.
type Place<'r> = (Option<&'r AccountId>, Option<&'r Region>);

/// Resources, each once, with their owners.
pub(super) struct Evidence<'r>(BTreeSet<(Place<'r>, &'r str, Option<&'r str>)>);

impl<'r> Evidence<'r> {
    pub(super) fn of(resources: impl IntoIterator<Item = (Place<'r>, &'r str, Option<&'r str>)>) -> Self {
        Self(resources.into_iter().collect())
    }

    pub(super) fn resources(&self) -> usize {
        self.0.iter().map(|(place, name, _)| (place, name)).collect::<BTreeSet<_>>().len()
    }

    /// Some of them, by the alphabet.
    pub(super) fn examples(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.0.iter().map(|(_, name, _)| *name).collect();
        names.into_iter().take(EXAMPLES).map(str::to_owned).collect()
    }

    /// `14 resources: storefront 9, search 3, no owner 2`.
    pub(super) fn sentence(&self, noun: &str) -> String {
        let mut owners: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for (_, _, owner) in &self.0 {
            *owners.entry(*owner).or_default() += 1;
        }
        let mut owners: Vec<(Option<&str>, usize)> = owners.into_iter().collect();
        owners.sort_by_key(|(owner, n)| (Reverse(*n), owner.is_none(), *owner));
        let all = many(self.resources(), noun);
        let name = |owner: Option<&str>| owner.unwrap_or("no owner").to_owned();
        match owners.as_slice() {
            [] => all,
            [(None, _)] => format!("{all} without an owner"),
            [(Some(only), _)] => format!("{all} of {only}"),
            several => {
                let named =
                    several.iter().take(OWNERS).map(|(owner, n)| format!("{} {}", name(*owner), grouped(*n as u64)));
                let mut named: Vec<String> = named.collect();
                if several.len() > OWNERS {
                    named.push(format!("and {} more", many(several.len() - OWNERS, "owner")));
                }
                format!("{all}: {}", named.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(resources: &[(&str, Option<&str>)]) -> String {
        Evidence::of(resources.iter().map(|(name, owner)| ((None, None), *name, *owner))).sentence("resource")
    }

    #[test]
    fn owners_are_named_whoever_has_most_first() {
        assert_eq!(sentence(&[("a", Some("ann")), ("a", Some("ann"))]), "1 resource of ann");
        assert_eq!(sentence(&[("a", None), ("b", None)]), "2 resources without an owner");
        let mut many = vec![("a", Some("ann")), ("b", Some("bob")), ("c", Some("bob")), ("d", None)];
        assert_eq!(sentence(&many), "4 resources: bob 2, ann 1, no owner 1");
        many.extend([("e", Some("cat")), ("f", Some("dan"))]);
        assert_eq!(sentence(&many), "6 resources: bob 2, ann 1, cat 1, and 2 owners more");
    }

    #[test]
    fn the_same_name_in_two_regions_is_two_resources() {
        let regions: Vec<Region> = ["us-east-1", "eu-west-1"].iter().map(|region| region.parse().unwrap()).collect();
        let evidence = Evidence::of(regions.iter().map(|region| ((None, Some(region)), "a", None)));
        assert_eq!((evidence.resources(), evidence.examples()), (2, vec!["a".to_owned()]));
    }
}
