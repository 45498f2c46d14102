//! Tables: entries whose names the user chooses.

use std::{collections::BTreeMap, fs};

use outrigger_config::{
    ConfigErrors, Environment, Key, Loader, Problems, Section, SectionKeys, Sources, reference,
};
use outrigger_stdx::{HumanDuration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sails in the harbour.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct FleetConfig {
    /// The boats by name.
    boats: BTreeMap<String, Boat>,
    /// Who answers which call.
    crew: BTreeMap<String, String>,
    /// The name of the harbour.
    harbour: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Boat {
    /// How to start it.
    command: Vec<String>,
    /// How long it may stay out. Default `1h`.
    trip: HumanDuration,
    /// The word that opens the cabin.
    password: Option<Secret>,
    /// Its flags by place.
    flags: BTreeMap<String, String>,
}

impl Default for Boat {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            trip: HumanDuration::from_secs(3600),
            password: None,
            flags: BTreeMap::new(),
        }
    }
}

impl Section for FleetConfig {
    const NAME: &'static str = "fleet";

    fn validate(&self, problems: &mut Problems<'_>) {
        for (name, boat) in &self.boats {
            if boat.command.is_empty() {
                problems.push_entry("boats", name, None, "it has no `command`");
            }
            if boat.trip.get().as_secs() > 86_400 {
                problems.push_entry("boats", name, Some("trip"), "it may stay out for a day");
            }
        }
    }
}

fn load(sources: Sources) -> (FleetConfig, Result<Vec<SectionKeys>, ConfigErrors>) {
    let mut loader = Loader::new(sources);
    let fleet = loader.section();
    (fleet, loader.finish())
}

fn sources(file: &str, sets: &[&str], variables: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("outrigger.toml");
    fs::write(&path, file).expect("the file is written");
    let sources = Sources {
        file: Some(path),
        environment: Environment::from_pairs(variables),
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        ..Sources::default()
    };
    (folder, sources)
}

fn key<'k>(sections: &'k [SectionKeys], path: &str) -> &'k Key {
    let mut keys = sections.iter().flat_map(|section| &section.keys);
    keys.find(|key| key.path() == path)
        .unwrap_or_else(|| panic!("there is no `{path}`"))
}

const FILE: &str = r#"[fleet]
harbour = "hilo"

[fleet.boats."kai.one"]
command = ["paddle", "fast"]
trip = "2h"

[fleet.boats.two]
command = ["sail"]
password = "open sesame"
flags = { bow = "red" }

[fleet.crew]
ana = "port"
"#;

#[test]
fn entries_are_merged_from_all_sources_and_each_key_has_its_own_origin() {
    let sets = [
        "fleet.boats.\"kai.one\".trip=3h",
        "fleet.boats.three.command=drift, slowly",
    ];
    let variables = [
        ("OUTRIGGER_FLEET__BOATS__KAI_ONE__PASSWORD", "hunter2"),
        ("OUTRIGGER_FLEET__BOATS__FOUR__COMMAND", "row"),
        ("OUTRIGGER_FLEET__CREW__ANA", "starboard"),
    ];
    let (_folder, sources) = sources(FILE, &sets, &variables);

    let (fleet, sections) = load(sources);

    let sections = sections.expect("all values are usable");
    let names: Vec<_> = fleet.boats.keys().map(String::as_str).collect();
    assert_eq!(names, ["four", "kai.one", "three", "two"]);
    let kai = &fleet.boats["kai.one"];
    assert_eq!(kai.command, ["paddle", "fast"]);
    assert_eq!(kai.trip, HumanDuration::from_secs(3 * 3600));
    assert_eq!(
        kai.password.as_ref().expect("it is set").expose(),
        "hunter2"
    );
    assert_eq!(fleet.boats["three"].command, ["drift", "slowly"]);
    assert_eq!(fleet.boats["two"].flags["bow"], "red");
    assert_eq!(fleet.crew["ana"], "starboard");
    for (path, origin) in [
        ("fleet.boats.\"kai.one\".command", "outrigger.toml:5"),
        (
            "fleet.boats.\"kai.one\".trip",
            "--set fleet.boats.\"kai.one\".trip",
        ),
        (
            "fleet.boats.\"kai.one\".password",
            "OUTRIGGER_FLEET__BOATS__KAI_ONE__PASSWORD",
        ),
        ("fleet.boats.two.trip", "default"),
        ("fleet.boats.two.flags.bow", "outrigger.toml:11"),
        (
            "fleet.boats.four.command",
            "OUTRIGGER_FLEET__BOATS__FOUR__COMMAND",
        ),
        ("fleet.crew.ana", "OUTRIGGER_FLEET__CREW__ANA"),
    ] {
        let found = key(&sections, path).origin.to_string();
        assert!(found.ends_with(origin), "{path}: {found}");
    }
}

#[test]
fn a_key_of_an_entry_has_a_type_default_documentation_and_variable() {
    let (_folder, sources) = sources(FILE, &[], &[]);

    let sections = load(sources).1.expect("all values are usable");

    let trip = key(&sections, "fleet.boats.\"kai.one\".trip");
    assert_eq!(
        (trip.kind.as_str(), trip.default.as_str()),
        ("duration", Some("1h"))
    );
    assert_eq!(trip.variable, "OUTRIGGER_FLEET__BOATS__KAI_ONE__TRIP");
    assert_eq!(
        trip.documentation,
        "How long it may stay out. Default `1h`."
    );
    let boats = key(&sections, "fleet.boats");
    assert_eq!(boats.kind, "table of entries");
    assert_eq!(boats.value, serde_json::json!(["kai.one", "two"]));
    assert_eq!(boats.documentation, "The boats by name.");
}

#[test]
fn an_entry_without_keys_exists() {
    let (_folder, sources) = sources("[fleet.boats.empty]\n", &[], &[]);

    let (fleet, sections) = load(sources);

    assert_eq!(fleet.boats["empty"].trip, Boat::default().trip);
    let errors = sections.expect_err("it has no command");
    assert!(
        errors.to_string().contains("`fleet.boats.empty` (")
            && errors
                .to_string()
                .contains("outrigger.toml:1): it has no `command`"),
        "{errors}"
    );
}

#[test]
fn every_problem_of_every_entry_is_reported_with_its_line_number() {
    let file = r#"[fleet]
crew = "ana"
[fleet.boats.one]
command = ["x"]
trip = "long"
[fleet.boats."two.b"]
comand = ["x"]
[fleet.boats.three]
command = ["x"]
trip = "2d"
"#;
    let sets = [
        "fleet.boats.one=5",
        "fleet.boats.one.trip.x=5",
        "fleet.boat.one.trip=1s",
    ];
    let (_folder, sources) = sources(file, &sets, &[("OUTRIGGER_FLEET__BOATS__ONE__TRAP", "1h")]);

    let errors = load(sources).1.expect_err("nine things are wrong");

    let found = errors.to_string();
    for part in [
        "outrigger.toml:2): it is a table, not a value",
        "`fleet.boats.one.trip` (",
        "outrigger.toml:5): `long` is not a duration",
        "outrigger.toml:7): there is no such key; did you mean `fleet.boats.\"two.b\".command`?",
        "outrigger.toml:6): it has no `command`",
        "outrigger.toml:10): it may stay out for a day",
        "`fleet.boats.one` (--set fleet.boats.one): it is a table, not a value",
        "(--set fleet.boats.one.trip.x): this key has no keys below it",
        "(--set fleet.boat.one.trip): there is no such key; did you mean `fleet.boats`?",
        "`fleet.boats.one.trap` (OUTRIGGER_FLEET__BOATS__ONE__TRAP): there is no such key; did you mean `fleet.boats.one.trip`?",
    ] {
        assert!(found.contains(part), "`{part}` is missing in:\n{found}");
    }
    assert_eq!(errors.problems.len(), 9, "{found}");
}

#[test]
fn the_secret_of_an_entry_appears_in_no_output() {
    let (_folder, fine) = sources(FILE, &[], &[]);
    let file = "[fleet.boats.one]\ncommand = [\"x\"]\npassword = 12345678\n";
    let (_other, wrong) = sources(file, &["fleet.boats.two.password.x=hunter2"], &[]);

    let sections = load(fine).1.expect("all values are usable");
    let errors = load(wrong).1.expect_err("a number is not text").to_string();

    assert!(!format!("{sections:?}").contains("sesame"));
    assert!(errors.contains("`fleet.boats.one.password`"), "{errors}");
    assert!(
        !errors.contains("12345678") && !errors.contains("hunter2"),
        "{errors}"
    );
}

#[test]
fn the_secret_of_an_entry_can_be_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("word");
    fs::write(&path, "open sesame\n").expect("the file is written");
    let path = path.to_str().expect("the path is text");
    let variables = [("OUTRIGGER_FLEET__BOATS__KAI_ONE__PASSWORD_FILE", path)];
    let (_folder, sources) = sources(FILE, &[], &variables);

    let (fleet, sections) = load(sources);

    sections.expect("the file is readable");
    let password = fleet.boats["kai.one"].password.as_ref();
    assert_eq!(password.expect("it is set").expose(), "open sesame");
}

#[test]
fn the_reference_lists_the_keys_of_an_entry() {
    let sections = load(Sources::default()).1.expect("defaults are fine");

    let page = reference(&sections);

    let headings: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("### "))
        .collect();
    assert_eq!(
        headings,
        [
            "### `fleet.boats`",
            "### `fleet.boats.NAME.command`",
            "### `fleet.boats.NAME.trip`",
            "### `fleet.boats.NAME.password`",
            "### `fleet.boats.NAME.flags`",
            "### `fleet.crew`",
            "### `fleet.harbour`",
        ]
    );
    let trip = page.split("### `fleet.boats.NAME.trip`").nth(1);
    let trip = trip.and_then(|rest| rest.split("###").next());
    insta::assert_snapshot!(trip.expect("it is listed").trim(), @r"
    How long it may stay out. Default `1h`.

    - Kind: duration
    - Default: `1h`
    - Variable: `OUTRIGGER_FLEET__BOATS__NAME__TRIP`
    ");
}
