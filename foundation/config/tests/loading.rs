//! Loading sections from all sources, and the errors.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt};

use outrigger_config::{
    ConfigErrors, Environment, Loader, Origin, Problems, Section, SectionKeys, Sources, reference,
};
use outrigger_stdx::{ByteSize, HumanDuration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the boat sails.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct BoatConfig {
    /// The address of the harbour; none by default.
    harbour: Option<SocketAddr>,
    /// How much it carries; `2MiB` by default.
    cargo: ByteSize,
    /// How long it stays out; `1h` by default.
    trip: HumanDuration,
    /// How many paddle, 1 to 6; 2 by default.
    paddlers: u8,
    /// Whether the sail is up; `false` by default.
    sail: bool,
    /// Who may come aboard.
    crew: Vec<String>,
    /// Which way the float points.
    side: Side,
    /// The word that opens the cabin.
    password: Option<Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    /// To the left.
    Port,
    /// To the right.
    Starboard,
}

impl Default for BoatConfig {
    fn default() -> Self {
        Self {
            harbour: None,
            cargo: ByteSize::mib(2),
            trip: HumanDuration::from_secs(3600),
            paddlers: 2,
            sail: false,
            crew: Vec::new(),
            side: Side::Port,
            password: None,
        }
    }
}

impl Section for BoatConfig {
    const NAME: &'static str = "boat";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("BOAT_CARGO", "cargo")];

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            (1..=6).contains(&self.paddlers),
            "paddlers",
            "it must be 1 to 6",
        );
    }
}

fn load(sources: Sources) -> (BoatConfig, Result<Vec<SectionKeys>, ConfigErrors>) {
    let mut loader = Loader::new(sources);
    let boat = loader.section();
    (boat, loader.finish())
}

fn environment(pairs: &[(&str, &str)]) -> Sources {
    Sources {
        environment: Environment::from_pairs(pairs),
        ..Sources::default()
    }
}

fn sets(sets: &[&str]) -> Sources {
    Sources {
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        ..Sources::default()
    }
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("outrigger.toml");
    fs::write(&path, text).expect("the file is written");
    (
        folder,
        Sources {
            file: Some(path),
            ..Sources::default()
        },
    )
}

fn messages(errors: &ConfigErrors) -> Vec<String> {
    errors.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn without_sources_every_key_has_its_default() {
    let (boat, keys) = load(Sources::default());

    assert_eq!(boat.cargo, ByteSize::mib(2));
    let keys = &keys.expect("defaults are fine")[0].keys;
    assert!(
        keys.iter()
            .all(|key| key.origin == Origin::Default && key.value == key.default)
    );
}

#[test]
fn every_type_of_value_is_parsed_from_text() {
    let (boat, keys) = load(sets(&[
        "boat.harbour=127.0.0.1:80",
        "boat.cargo=1GiB",
        "boat.trip=1m30s",
        "boat.paddlers=6",
        "boat.sail=true",
        "boat.crew=ana, ben",
        "boat.side=starboard",
        "boat.password=a=b",
    ]));

    keys.expect("all values are usable");
    assert_eq!(boat.harbour, Some(SocketAddr::from(([127, 0, 0, 1], 80))));
    assert_eq!(boat.cargo, ByteSize::mib(1024));
    assert_eq!(boat.trip.get().as_secs(), 90);
    assert_eq!(
        (boat.paddlers, boat.sail, boat.side),
        (6, true, Side::Starboard)
    );
    assert_eq!(boat.crew, ["ana", "ben"]);
    assert_eq!(boat.password.expect("it was set").expose(), "a=b");
}

#[test]
fn the_strongest_source_wins_and_is_the_origin() {
    let (_folder, mut sources) = file("[boat]\ncargo = \"1MiB\"\ntrip = \"1s\"\n\npaddlers = 3\n");
    sources.environment = Environment::from_pairs(&[
        ("OUTRIGGER_BOAT__CARGO", "3MiB"),
        ("OUTRIGGER_BOAT__TRIP", "2s"),
    ]);
    sources.sets = vec!["boat.cargo=4MiB".to_owned(), "boat.cargo=5MiB".to_owned()];

    let (boat, keys) = load(sources);

    assert_eq!(
        (boat.cargo, boat.trip.get().as_secs(), boat.paddlers),
        (ByteSize::mib(5), 2, 3)
    );
    let keys = &keys.expect("all values are usable")[0].keys;
    let origin = |name: &str| {
        keys.iter()
            .find(|key| key.name == name)
            .expect("it is a key")
            .origin
            .to_string()
    };
    assert_eq!(origin("cargo"), "--set boat.cargo");
    assert_eq!(origin("trip"), "OUTRIGGER_BOAT__TRIP");
    assert!(
        origin("paddlers").ends_with("outrigger.toml:5"),
        "{}",
        origin("paddlers")
    );
}

#[test]
fn all_problems_are_reported_at_once_each_with_its_source() {
    let (_folder, mut sources) =
        file("[boat]\ncargo = \"heavy\"\npadlers = 3\n[bota]\nsail = true\n");
    sources.environment = Environment::from_pairs(&[
        ("OUTRIGGER_BOAT__SAIL", "maybe"),
        ("OUTRIGGER_BOAT__CRAW", "x"),
    ]);
    sources.sets = vec![
        "boat.paddlers=9".to_owned(),
        "nonsense".to_owned(),
        "boat.side=up".to_owned(),
    ];

    let errors = load(sources).1.expect_err("seven things are wrong");

    let found = messages(&errors).join("\n");
    for part in [
        "`boat.cargo`",
        "`heavy` is not a size",
        "`boat.padlers`",
        "did you mean `boat.paddlers`?",
        "there is no section `[bota]`; did you mean `[boat]`?",
        "`boat.sail` (OUTRIGGER_BOAT__SAIL): `maybe` is neither `true` nor `false`",
        "`boat.craw` (OUTRIGGER_BOAT__CRAW): there is no such key; did you mean `boat.crew`?",
        "`boat.paddlers` (--set boat.paddlers): it must be 1 to 6",
        "`--set nonsense`: write it as `--set section.key=value`",
        "unknown variant `up`",
    ] {
        assert!(found.contains(part), "`{part}` is missing in:\n{found}");
    }
    assert_eq!(errors.problems.len(), 8, "{found}");
}

#[test]
fn an_invalid_toml_file_is_rejected_with_the_line_number() {
    let (_folder, sources) = file("[boat]\ncargo = = 1\n");

    let errors = load(sources).1.expect_err("it is not TOML");

    assert!(errors.to_string().contains("outrigger.toml:2"), "{errors}");
}

#[test]
fn a_key_outside_a_section_is_rejected() {
    let (_folder, sources) = file("cargo = \"1MiB\"\n");

    let errors = load(sources).1.expect_err("it has no section");

    assert!(
        errors.to_string().contains("is outside a section"),
        "{errors}"
    );
}

#[test]
fn a_configured_file_that_is_missing_is_an_error() {
    let sources = Sources {
        file: Some("/nonexistent/outrigger.toml".into()),
        ..Sources::default()
    };

    let errors = load(sources).1.expect_err("there is no file");

    assert!(
        errors.to_string().contains("the file cannot be read"),
        "{errors}"
    );
}

#[test]
fn a_secret_can_be_read_from_a_file_and_is_never_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("password");
    fs::write(&path, "open sesame\n").expect("the file is written");

    let path = path.to_str().expect("the path is text");
    let (boat, keys) = load(environment(&[("OUTRIGGER_BOAT__PASSWORD_FILE", path)]));

    assert_eq!(boat.password.expect("it was set").expose(), "open sesame");
    assert!(!format!("{keys:?}").contains("sesame"));
}

#[test]
fn the_error_for_a_secret_of_the_wrong_type_does_not_contain_it() {
    let (_folder, sources) = file("[boat]\npassword = 12345678\n");

    let errors = load(sources).1.expect_err("a number is not text");

    assert!(errors.to_string().contains("`boat.password`"), "{errors}");
    assert!(!errors.to_string().contains("12345678"), "{errors}");
}

#[test]
fn a_secret_file_may_be_world_readable_and_on_a_read_only_mount() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("password");
    fs::write(&path, "open sesame").expect("the file is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("it is ours");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).expect("it is ours");

    let path = path.to_str().expect("the path is text");
    let (boat, keys) = load(environment(&[("OUTRIGGER_BOAT__PASSWORD_FILE", path)]));

    keys.expect("the file is readable");
    assert_eq!(boat.password.expect("it was set").expose(), "open sesame");
}

#[test]
fn setting_a_variable_and_its_file_variant_is_an_error() {
    let errors = load(environment(&[
        ("OUTRIGGER_BOAT__PASSWORD", "hunter2"),
        ("OUTRIGGER_BOAT__PASSWORD_FILE", "/run/secrets/password"),
    ]))
    .1
    .expect_err("one of them would be ignored");

    assert_eq!(
        messages(&errors),
        [
            "`boat.password` (OUTRIGGER_BOAT__PASSWORD_FILE): `OUTRIGGER_BOAT__PASSWORD` and \
             `OUTRIGGER_BOAT__PASSWORD_FILE` are both set; unset one of them"
        ]
    );
}

#[test]
fn an_alias_with_an_invalid_value_is_ignored_with_a_warning() {
    let sources = environment(&[("BOAT_CARGO", "heavy"), ("BOAT_CARGO_FILE", "")]);
    let mut loader = Loader::new(sources);

    let boat: BoatConfig = loader.section();

    let warnings: Vec<_> = loader.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("`boat.cargo` (BOAT_CARGO): `heavy` is not a size"),
        "{warnings:?}"
    );
    loader.finish().expect("it is no problem");
    assert_eq!(boat.cargo, ByteSize::mib(2));
}

#[test]
#[should_panic(expected = "`key_file` needs another name")]
fn a_section_cannot_have_both_a_key_x_and_a_key_x_file() {
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Ambiguous {
        /// The key.
        key: String,
        /// Where the key is.
        key_file: String,
    }

    impl Section for Ambiguous {
        const NAME: &'static str = "ambiguous";
    }

    let _: Ambiguous = Loader::new(Sources::default()).section();
}

#[test]
fn an_alias_sets_its_key_but_the_key_s_own_variable_wins() {
    let alias_alone = load(environment(&[("BOAT_CARGO", "3MiB")])).0;
    let both = load(environment(&[
        ("BOAT_CARGO", "3MiB"),
        ("OUTRIGGER_BOAT__CARGO", "4MiB"),
    ]))
    .0;

    assert_eq!(alias_alone.cargo, ByteSize::mib(3));
    assert_eq!(both.cargo, ByteSize::mib(4));
}

#[test]
fn variables_set_by_container_platforms_are_ignored() {
    let (_, keys) = load(environment(&[
        ("OUTRIGGER_SERVICE_HOST", "10.0.0.1"),
        ("OUTRIGGER_PORT", "tcp://10.0.0.1:7300"),
    ]));

    assert!(keys.is_ok());
}

#[test]
fn a_variable_with_the_wrong_underscores_is_refused_with_the_right_name() {
    for (written, meant) in [
        ("OUTRIGGER_BOAT_CARGO", "OUTRIGGER_BOAT__CARGO"),
        ("OUTRIGGER__BOAT__CARGO", "OUTRIGGER_BOAT__CARGO"),
        ("outrigger_boat__cargo", "OUTRIGGER_BOAT__CARGO"),
        (
            "OUTRIGGER_BOAT_PASSWORD_FILE",
            "OUTRIGGER_BOAT__PASSWORD_FILE",
        ),
    ] {
        let errors = load(environment(&[(written, "3MiB")])).1;

        let errors = errors.expect_err("no key has this variable");
        assert_eq!(
            messages(&errors),
            [format!(
                "`{written}`: no key has this variable; write `{meant}`"
            )]
        );
    }
}

#[test]
fn numbers_that_are_no_numbers_are_refused_as_written() {
    for (text, words) in [
        ("cargo = nan", "`nan` is not a size"),
        ("trip = inf", "`inf`"),
        ("paddlers = nan", "nan"),
        (
            "paddlers = 300",
            "`300`, expected a whole number from 0 to 255",
        ),
    ] {
        let (_folder, sources) = file(&format!("[boat]\n{text}\n"));

        let errors = load(sources).1.expect_err("it is no value of the key");

        let [message] = &messages(&errors)[..] else {
            panic!("{errors}");
        };
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_file_can_be_a_pipe_with_content_but_not_one_without_or_a_device() {
    let (reader, mut writer) = std::io::pipe().expect("a pipe is free");
    std::io::Write::write_all(&mut writer, b"[boat]\npaddlers = 4\n").expect("it has room");
    drop(writer);
    let pipe = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("the program is there").success());
    let from = |path: &std::path::Path| {
        load(Sources {
            file: Some(path.to_owned()),
            ..Sources::default()
        })
    };

    let (boat, keys) = from(pipe.as_ref());
    let refused = [fifo.as_path(), "/dev/zero".as_ref(), folder.path()]
        .map(|path| from(path).1.expect_err("it has no content").to_string());

    keys.expect("the file is valid");
    assert_eq!(boat.paddlers, 4);
    for (refused, words) in refused.iter().zip([
        "nothing was written",
        "neither a regular file nor a pipe",
        "neither a regular file nor a pipe",
    ]) {
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn none_clears_an_optional_key() {
    let (_folder, mut sources) = file("[boat]\nharbour = \"127.0.0.1:80\"\n");
    sources.sets = vec!["boat.harbour=none".to_owned()];

    let (boat, keys) = load(sources);

    keys.expect("none is allowed");
    assert_eq!(boat.harbour, None);
}

#[test]
fn the_reference_page_documents_each_key() {
    let sections = load(Sources::default()).1.expect("defaults are fine");

    let page = reference(&sections);

    let key = page
        .split("### `boat.cargo`")
        .nth(1)
        .and_then(|rest| rest.split("###").next())
        .expect("the key is listed");
    insta::assert_snapshot!(key.trim(), @r"
    How much it carries; `2MiB` by default.

    - Kind: size
    - Default: `2MiB`
    - Variable: `OUTRIGGER_BOAT__CARGO`
    - Also read: `BOAT_CARGO`
    ");
}

/// Two numbers. Only one of them may be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, try_from = "Pair")]
struct EitherConfig {
    /// The one.
    one: u8,
    /// The other.
    other: u8,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Pair {
    one: u8,
    other: u8,
}

impl TryFrom<Pair> for EitherConfig {
    type Error = &'static str;

    fn try_from(Pair { one, other }: Pair) -> Result<Self, Self::Error> {
        match (one, other) {
            (1.., 1..) => Err("only one may be set"),
            _ => Ok(Self { one, other }),
        }
    }
}

impl Section for EitherConfig {
    const NAME: &'static str = "either";
}

#[test]
fn values_that_are_invalid_only_in_combination_are_reported() {
    let mut loader = Loader::new(sets(&["either.one=1", "either.other=2"]));

    let either: EitherConfig = loader.section();
    let errors = loader.finish().expect_err("they contradict each other");

    assert_eq!(either, EitherConfig::default());
    assert_eq!(
        errors.problems[0].to_string(),
        "`either`: its values contradict each other: only one may be set"
    );
}
