//! What a group's name says: the app, the stack and the cluster that it belongs to.
//!
//! The grammar is the one that Netflix published with Asgard and Frigga (`NameConstants` and `Names` of
//! <https://github.com/Netflix/frigga>, which Spinnaker kept):
//!
//! ```text
//! group   = cluster [ "-v" push ]
//! cluster = app [ "-" stack [ "-" detail ] ]
//! app     = 1 or more of  A-Z a-z 0-9 . _
//! stack   = 0 or more of  A-Z a-z 0-9 . _
//! detail  = 0 or more of  A-Z a-z 0-9 . _ ~ ^ -
//! push    = 3 to 6 digits
//! ```
//!
//! An empty stack or detail is no stack or detail, so `api--canary` has a detail and no stack. The push is taken off
//! first, so `api-v003` is the third push of `api` and not its stack `v003`. The old labelled variables
//! (`-c0northamerica`) stay where they stand, in the stack or the detail, as they do in Frigga.
//!
//! What may not happen here: a name is never refused, and nothing but its text is looked at.

/// A group's name, taken apart. Made by [`Name::parse`] and [`Name::try_parse`] only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The application; the whole text when the name is outside the grammar.
    pub app: String,
    /// The stack, such as `prod`.
    pub stack: Option<String>,
    /// What tells clusters of one stack apart, such as `canary`. It may hold hyphens.
    pub detail: Option<String>,
    /// The number of the push: 12 for `-v012` and for `-v0012`.
    pub push: Option<u32>,
    /// The text before the push. Kept, because it cannot be rebuilt: `api-` and `api` differ in nothing else, and two
    /// clusters must not be taken for one.
    cluster: String,
}

impl Name {
    /// Takes a name apart. A name outside the grammar is its own app and its own cluster, and has nothing else: a
    /// `-v003` at its end is not taken for a push.
    pub fn parse(group: &str) -> Name {
        Name::try_parse(group).unwrap_or_else(|| Name {
            app: group.to_owned(),
            stack: None,
            detail: None,
            push: None,
            cluster: group.to_owned(),
        })
    }

    /// Takes a name apart; `None` when it is outside the grammar.
    pub fn try_parse(group: &str) -> Option<Name> {
        let (cluster, push) = split_push(group);
        let mut parts = cluster.splitn(3, '-');
        let app = parts.next().filter(|app| !app.is_empty() && app.chars().all(is_name_char))?;
        let stack = parts.next().unwrap_or_default();
        let detail = parts.next().unwrap_or_default();
        if !stack.chars().all(is_name_char) || !detail.chars().all(is_detail_char) {
            return None;
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Name { app: app.to_owned(), stack: some(stack), detail: some(detail), push, cluster: cluster.to_owned() })
    }

    /// The cluster: the name without its push. All pushes of one cluster share it, and no other group does.
    pub fn cluster(&self) -> String {
        self.cluster.clone()
    }
}

/// The cluster's text and the number of the push, when there is one.
fn split_push(group: &str) -> (&str, Option<u32>) {
    if let Some((cluster, digits)) = group.rsplit_once("-v")
        && (3..=6).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return (cluster, digits.parse().ok());
    }
    (group, None)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '_'
}

fn is_detail_char(c: char) -> bool {
    is_name_char(c) || matches!(c, '-' | '~' | '^')
}
