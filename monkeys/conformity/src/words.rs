//! How evidence is worded.

/// How many names a sentence holds: the rest is only counted.
const NAMED: usize = 5;

/// Some names: the first five, and how many more there are.
pub(crate) fn some<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(NAMED).map(|name| name.as_ref().to_owned()).collect();
    let more = names.count();
    let first = first.join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

/// A number of things: `1 volume`, `2 volumes`.
pub(crate) fn count(n: usize, one: &str, several: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {several}") }
}

/// What people call something that has an ARN: its name, without the account before it and the hash after it.
pub(crate) fn name_in(arn: &str) -> &str {
    // arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/HASH, and loadbalancer/app/NAME/HASH.
    let Some(resource) = arn.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').last()) else { return arn };
    resource.rsplit('/').nth(1).unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_named_and_the_rest_is_counted() {
        assert_eq!(some(["a"]), "a");
        assert_eq!(some(["a", "b", "c", "d", "e"]), "a, b, c, d, e");
        assert_eq!(some(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }

    #[test]
    fn an_arn_holds_a_name() {
        let arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/0123456789abcdef";
        assert_eq!(name_in(arn), "shop");
        let arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/edge/0123456789abcdef";
        assert_eq!(name_in(arn), "edge");
        assert_eq!(name_in("shop-classic"), "shop-classic");
    }
}
