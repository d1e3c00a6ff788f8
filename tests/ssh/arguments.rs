//! Arguments of jobs arrive as they are, whatever the login shell of the host is.

use std::fs;

use crate::servers::Servers;

/// Texts that are special to some shell, and random ones.
fn texts() -> Vec<String> {
    let special = [
        "",
        " ",
        "a  b",
        "it's",
        "\"",
        "\\",
        "\\\\n",
        "\n",
        "\n\n x\n",
        "$HOME",
        "`id`",
        "$(id)",
        "!!",
        "!x",
        "%s",
        "*",
        "~",
        "{a,b}",
        "#",
        "&& id",
        "; exit",
        "a\tb",
        "é€𝄞",
        "\u{81}\u{88}\u{101}",
        "-n",
        "--",
        "\r",
        "\u{1b}[1m",
        "\u{7f}",
        "'\"'\"'",
        "\\'",
        "^",
        "@",
        "=",
        "(",
        "|",
        "<",
        ">",
    ];
    let alphabet: Vec<char> = "'\"\\ $`!\n\t%*~{}#&;|<>()^=aé\u{81}€".chars().collect();
    let mut state = 7_u64;
    let mut next = |bound: usize| {
        // Knuth, The Art of Computer Programming, volume 2, 3.3.4: MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let random = (0..40).map(|_| (0..1 + next(12)).map(|_| alphabet[next(alphabet.len())]).collect::<String>());
    let mut all: Vec<String> = special.iter().map(|text| (*text).to_owned()).chain(random).collect();
    all.sort();
    all.dedup();
    all
}

/// Runs a study over all texts on hosts with the login shell `shell`.
fn check(shell: &str) {
    let is_installed = shell.is_empty()
        || fs::exists(format!("/usr/bin/{shell}")).unwrap_or(false)
        || fs::exists(format!("/bin/{shell}")).unwrap_or(false);
    if !is_installed {
        eprintln!("skipped: there is no {shell}");
        return;
    }
    let Some(servers) = Servers::with_login_shell(shell) else { return };
    // YAML refuses these control characters as they are, and JSON does not escape them.
    let escaped = |c: char| match c {
        '\u{7f}'..='\u{9f}' => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    };
    let values: String = serde_json::to_string(&texts()).unwrap().chars().map(escaped).collect();
    let matrix = format!(
        "kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n  x: {{kind: choice, value: {values}}}\n"
    );
    let lab = servers.lab(&matrix, ["slots: 3", "slots: 3"]);
    lab.script("job.sh", "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"args-$HYPERTUNE_TRIAL\"\necho '{\"loss\": 1}'\n");
    lab.hypertune("run m.yaml -- ./job.sh").exits(0);
    let launches = lab.records("launch");
    assert_eq!(launches.len(), texts().len());
    for launch in launches {
        let value = launch["params"]["x"].as_str().unwrap_or_else(|| panic!("{launch}"));
        let expected = format!("--x={value}\0");
        assert_eq!(lab.read(&format!("args-{}", launch["trial"])), expected, "{shell}");
    }
}

#[test]
fn through_the_shell_of_this_user() {
    check("");
}

#[test]
fn through_tcsh() {
    check("tcsh");
}

#[test]
fn through_fish() {
    check("fish");
}

#[test]
fn through_dash() {
    check("dash");
}
