//! The targets without libFuzzer: every committed seed, and mutations of them that are the same on every machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use simian_fuzz::TARGETS;

mod mutate;

/// Mutations of each target: all of them together stay below a minute on an old machine.
const MUTATIONS: u64 = 3_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The seeds of a target, in the order of their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder("seeds").join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn play(target: &str) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seeds = seeds(target);
    for (path, seed) in &seeds {
        println!("{path}");
        run(seed);
    }
    let inputs: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let words = mutate::dictionary(&fs::read_to_string(folder("words.dict")).unwrap());
    for n in 0..MUTATIONS {
        let input = mutate::mutation(&inputs, &words, n);
        // Of a failing test only the last line counts: `fuzz/seeds` takes it as a new seed.
        println!("{n}: {:?}", String::from_utf8_lossy(&input));
        run(&input);
    }
}

macro_rules! plays {
    ($($target:ident)+) => {
        $(#[test] fn $target() { play(stringify!($target)); })+

        #[test]
        fn every_target_has_a_test_a_program_and_seeds() {
            let names: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, BTreeSet::from([$(stringify!($target)),+]));
            let manifest: toml::Table = fs::read_to_string(folder("Cargo.toml")).unwrap().parse().unwrap();
            let programs = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap());
            assert_eq!(programs.collect::<BTreeSet<_>>(), names);
            let folders = fs::read_dir(folder("seeds")).unwrap().map(|entry| entry.unwrap().file_name());
            let folders: BTreeSet<String> = folders.map(|name| name.into_string().unwrap()).collect();
            assert_eq!(folders.iter().map(String::as_str).collect::<BTreeSet<_>>(), names);
            assert!(names.iter().all(|name| seeds(name).len() >= 2), "a target has too few seeds");
        }
    };
}

plays!(answers arns audit config control cron events ics names tags template words);
