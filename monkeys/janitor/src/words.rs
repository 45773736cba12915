//! Who uses something, in words.

use simian_core::{Graph, ResourceId};

/// The chain that keeps a resource, from its own user up: `launch-template-version/lt-1:3 launches it;
/// auto-scaling-group/shop launches from launch-template-version/lt-1:3`. `None` when nobody points at it.
pub(crate) fn chain(graph: &Graph, id: &ResourceId) -> Option<String> {
    let chain = graph.chain(id);
    let mut links: Vec<String> = Vec::new();
    let mut below: Option<&ResourceId> = None;
    for user in chain.iter().rev() {
        let what = match below {
            None => user.how.to_owned(),
            Some(below) => naming(user.how, below),
        };
        links.push(format!("{} {what}", user.id));
        below = Some(user.id);
    }
    (!links.is_empty()).then(|| links.join("; "))
}

/// The same way of use, with the name instead of "it".
fn naming(how: &str, what: &ResourceId) -> String {
    let name = what.to_string();
    let words: Vec<&str> = how.split(' ').map(|word| if word == "it" { name.as_str() } else { word }).collect();
    words.join(" ")
}
