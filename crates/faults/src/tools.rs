//! The programs that faults need in a guest: which package has them, and which images have that package as they come.
//!
//! Sources: of Debian 12 the priorities in its index of packages (its images have everything that is `important`, and
//! nothing that is `optional`); of Amazon Linux 2023 its user guide ("Comparing AL2 and AL2023") and what maintainers say
//! who had to install these packages (aws/eks-hybrid#37, awslabs/amazon-eks-ami#2547, adhorn/chaos-ssm-documents#26,
//! firezone/firezone#8481); of Amazon Linux 2 awslabs/amazon-eks-ami#657; of Ubuntu 24.04 its release notes. What no source
//! says is unknown here: a preflight says what an image lacks.

/// A package, and what of it faults need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its programs that faults call.
    pub tools: &'static [&'static str],
    /// Its name on Amazon Linux.
    pub amazon: &'static str,
    /// Its name on Debian and Ubuntu.
    pub debian: &'static str,
    /// Whether an image has it as it comes, in the order of [`IMAGES`]; none where that is not known.
    pub comes_with: [Option<bool>; 4],
}

/// The images that [`Package::comes_with`] is about.
pub const IMAGES: [&str; 4] = ["Amazon Linux 2", "Amazon Linux 2023", "Debian 12", "Ubuntu 24.04"];

const EVERYWHERE: [Option<bool>; 4] = [Some(true); 4];

/// Every package that faults need something of.
pub static PACKAGES: &[Package] = &[
    Package {
        tools: &[
            "cat", "chmod", "cksum", "cut", "date", "dd", "df", "head", "id", "mkdir", "mv", "nproc", "rm", "rmdir",
            "sleep", "sort", "stat", "tail", "touch", "tr", "yes",
        ],
        amazon: "coreutils",
        debian: "coreutils",
        comes_with: EVERYWHERE,
    },
    Package { tools: &["grep"], amazon: "grep", debian: "grep", comes_with: EVERYWHERE },
    Package { tools: &["sed"], amazon: "sed", debian: "sed", comes_with: EVERYWHERE },
    Package { tools: &["fallocate", "setsid"], amazon: "util-linux", debian: "util-linux", comes_with: EVERYWHERE },
    Package { tools: &["mount", "umount"], amazon: "util-linux", debian: "mount", comes_with: EVERYWHERE },
    Package { tools: &["getent"], amazon: "glibc-common", debian: "libc-bin", comes_with: EVERYWHERE },
    Package { tools: &["modprobe", "modinfo"], amazon: "kmod", debian: "kmod", comes_with: EVERYWHERE },
    Package { tools: &["ip", "ss"], amazon: "iproute", debian: "iproute2", comes_with: EVERYWHERE },
    Package {
        tools: &["tc"],
        amazon: "iproute-tc",
        debian: "iproute2",
        comes_with: [None, Some(false), Some(true), Some(true)],
    },
    Package {
        tools: &["nft"],
        amazon: "nftables",
        debian: "nftables",
        comes_with: [None, Some(false), Some(true), None],
    },
    Package {
        tools: &["iptables", "ip6tables", "iptables-restore", "ip6tables-restore"],
        amazon: "iptables",
        debian: "iptables",
        comes_with: [Some(true), Some(false), Some(false), None],
    },
    Package { tools: &["systemctl", "systemd-run"], amazon: "systemd", debian: "systemd", comes_with: EVERYWHERE },
];

impl Package {
    /// The package that has a program.
    pub fn of(tool: &str) -> Option<&'static Package> {
        PACKAGES.iter().find(|package| package.tools.contains(&tool))
    }
}

/// What these programs come with, as the shell reads it: `tc=iproute-tc/iproute2` each.
pub(crate) fn remedies(tools: &[&str]) -> String {
    // What is said behind a program's name is for people.
    let names = tools.iter().filter_map(|tool| tool.split([',', ' ']).next());
    let words = names.filter_map(|tool| {
        let package = Package::of(tool)?;
        Some(format!("{tool}={}/{}", package.amazon, package.debian))
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::KINDS;

    #[test]
    fn every_tool_of_every_kind_comes_with_a_package() {
        for kind in KINDS {
            let words = remedies(kind.tools);
            assert_eq!(words.split_whitespace().count(), kind.tools.len(), "{}: {words}", kind.name);
        }
        assert_eq!(
            remedies(&["tc", "fallocate, where it is", "nothing"]),
            "tc=iproute-tc/iproute2 fallocate=util-linux/util-linux"
        );
    }

    #[test]
    fn no_tool_comes_with_two_packages() {
        let mut tools: Vec<&str> = PACKAGES.iter().flat_map(|package| package.tools).copied().collect();
        let all = tools.len();
        tools.sort_unstable();
        tools.dedup();
        assert_eq!(tools.len(), all);
    }

    /// The page shows the same table.
    #[test]
    fn the_page_has_this_table() {
        let page = include_str!("../../../docs/faults.md");
        for package in PACKAGES.iter().filter(|package| package.comes_with != EVERYWHERE) {
            let tools = package.tools.iter().map(|tool| format!("`{tool}`")).collect::<Vec<_>>().join(" ");
            let says = |has: &Option<bool>| match has {
                Some(true) => "has it",
                Some(false) => "lacks it",
                None => "unknown",
            };
            let cells = package.comes_with.iter().map(says).collect::<Vec<_>>().join(" | ");
            let line = format!("| {tools} | `{}` / `{}` | {cells} |", package.amazon, package.debian);
            assert!(page.contains(&line), "docs/faults.md lacks: {line}");
        }
    }
}
