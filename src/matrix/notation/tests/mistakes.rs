//! Mistakes in the notation, and options that do not fit.

use super::*;

#[test]
fn mistakes_have_a_caret_in_the_argument() {
    let wrong = [
        "lr",
        "=uniform(0, 1)",
        "lr(0, 1)=3",
        "lr=",
        "lr=unifrom(0, 1)",
        "lr=uniform(0, 1",
        "lr=uniform(0, 1) x",
        "lr=uniform(0, 1, 2)",
        "lr=uniform(low=0, max=1)",
        "lr=uniform(0, min=1)",
        "lr=uniform(0,)",
        "lr=choice('a, b)",
        "lr=choice([a, b)",
        "lr=constant(1, 2)",
    ];
    let all: Vec<String> = wrong.iter().map(|text| errors(space(&[text]))).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    error: missing `=` after the name of the parameter
     --> command line:1:4
      |
    1 | -s lr
      |    ^^
      |
      = help: write NAME=KIND(ARGUMENTS) or NAME=VALUE, as in 'lr=loguniform(1e-5, 1e-1)'
    error: missing name of the parameter
     --> command line:1:4
      |
    1 | -s =uniform(0, 1)
      |    ^
      |
      = help: write NAME=KIND(ARGUMENTS) or NAME=VALUE, as in 'lr=loguniform(1e-5, 1e-1)'
    error: the name of the parameter is not followed by `=`
     --> command line:1:6
      |
    1 | -s lr(0, 1)=3
      |      ^
      |
      = help: write NAME=KIND(ARGUMENTS) or NAME=VALUE, as in 'lr=loguniform(1e-5, 1e-1)'
    error: missing value
     --> command line:1:7
      |
    1 | -s lr=
      |       ^
      |
      = help: for an empty text, write '' in quotes
    error: unknown parameter kind `unifrom`
     --> command line:1:7
      |
    1 | -s lr=unifrom(0, 1)
      |       ^^^^^^^
      |
      = help: did you mean `uniform`?
    error: unclosed `(`
     --> command line:1:14
      |
    1 | -s lr=uniform(0, 1
      |              ^
    error: unexpected text after `)`
     --> command line:1:21
      |
    1 | -s lr=uniform(0, 1) x
      |                     ^
      |
      = help: write NAME=KIND(ARGUMENTS) or NAME=VALUE, as in 'lr=loguniform(1e-5, 1e-1)'
    error: `uniform` takes at most 2 values (min, max)
     --> command line:1:21
      |
    1 | -s lr=uniform(0, 1, 2)
      |                     ^
    error: unknown argument `low` of `uniform`
     --> command line:1:15
      |
    1 | -s lr=uniform(low=0, max=1)
      |               ^^^
      |
      = help: expected one of `min`, `max`
    error: `min` is given twice
     --> command line:1:18
      |
    1 | -s lr=uniform(0, min=1)
      |                  ^^^
    error: missing value
     --> command line:1:17
      |
    1 | -s lr=uniform(0,)
      |                 ^
      |
      = help: for an empty text, write '' in quotes
    error: unclosed quote
     --> command line:1:14
      |
    1 | -s lr=choice('a, b)
      |              ^
    error: unclosed `(`
     --> command line:1:13
      |
    1 | -s lr=choice([a, b)
      |             ^
    error: `constant` takes one value, found 2
     --> command line:1:16
      |
    1 | -s lr=constant(1, 2)
      |                ^^^^
      |
      = help: write a list in brackets: [a, b]
    ");
}

#[test]
fn what_a_kind_refuses_has_a_caret_too() {
    let options = MatrixOptions {
        kind: Some("random".into()),
        trials: Some(3),
        ..space(&[
            "a=uniform(1, 0)",
            "b=loguniform(0, 1)",
            "c=int(1, 2.5)",
            "d=uniform(0)",
            "e=choice()",
            "f=pchoice([a, 2])",
            "g=range(0, ten, 1)",
        ])
    };
    insta::assert_snapshot!(errors(options), @r#"
    error: `max` is missing
     --> command line:1:6
      |
    1 | -s d=uniform(0)
      |      ^^^^^^^^^^
    error: the list is empty
     --> command line:1:6
      |
    1 | -s e=choice()
      |      ^^^^^^^^
    error: `max` must be a whole number, found the number 2.5
     --> command line:1:13
      |
    1 | -s c=int(1, 2.5)
      |             ^^^
    error: `stop` must be a number, found the text "ten"
     --> command line:1:15
      |
    1 | -s g=range(0, ten, 1)
      |               ^^^
    error: `max` (0) must be above `min` (1)
     --> command line:1:17
      |
    1 | -s a=uniform(1, 0)
      |                 ^
    error: `min` on a log scale must be above 0, found 0
     --> command line:1:17
      |
    1 | -s b=loguniform(0, 1)
      |                 ^
    error: a probability must be a number from 0 to 1, found the number 2
     --> command line:1:18
      |
    1 | -s f=pchoice([a, 2])
      |                  ^
    "#);
}

#[test]
fn options_that_do_not_fit_the_kind_are_errors() {
    let given = |kind: &str, resource: Option<&str>, trials, set: &[&str]| MatrixOptions {
        kind: Some(kind.into()),
        resource: resource.map(str::to_owned),
        trials,
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..space(&["x=uniform(0, 1)"])
    };
    let all = [
        errors(given("hyperbnad", None, None, &[])),
        errors(given("hyperband", None, None, &[])),
        errors(given("random", None, None, &[])),
        errors(given("random", Some("epochs=9"), Some(3), &[])),
        errors(given("hyperband", Some("epochs=9"), Some(3), &[])),
        errors(given("hyperband", Some("epochs=9"), None, &["eta=1", "round=2", "x"])),
        errors(given("hyperband", Some("epochs=0"), None, &["eta=1", "round=2"])),
        errors(given("hyperband", Some("x=9"), None, &[])),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    error: unknown matrix kind `hyperbnad`
     --> command line:1:8
      |
    1 | --kind hyperbnad
      |        ^^^^^^^^^
      |
      = help: did you mean `hyperband`?
    error: missing field `resource` in the matrix
     --> command line:1:8
      |
    1 | --kind hyperbnad
      |        ^^^^^^^^^
    error: missing field `maxIterations` in the matrix
     --> command line:1:8
      |
    1 | --kind hyperbnad
      |        ^^^^^^^^^
    error: kind `hyperband` needs a resource
     --> command line:1:8
      |
    1 | --kind hyperband
      |        ^^^^^^^^^
      |
      = help: add --resource NAME=MAX, the option of the script and its largest value: --resource epochs=27
    error: kind `random` needs `numRuns`
     --> command line:1:8
      |
    1 | --kind random
      |        ^^^^^^
      |
      = help: add --trials 20
    error: kind `random` takes no resource
     --> command line:1:12
      |
    1 | --resource epochs=9
      |            ^^^^^^^^
      |
      = help: leave it out, or choose a kind with a resource: auto, hyperband, halving, asha
    error: kind `hyperband` takes no number of trials
     --> command line:1:10
      |
    1 | --trials 3
      |          ^
      |
      = help: its number of trials is that of its brackets, which follow from the largest resource and `eta`; repeat them with --set rounds=2, or use --kind asha, which takes any number
    error: missing NAME= before the value
     --> command line:1:7
      |
    1 | --set x
      |       ^
      |
      = help: write NAME=VALUE, as in numRuns=20
    error: unknown field `round` in the matrix
     --> command line:1:7
      |
    1 | --set round=2
      |       ^^^^^
      |
      = help: did you mean `rounds`?
    error: `eta` must be above 1, found 1
     --> command line:1:11
      |
    1 | --set eta=1
      |           ^
    error: `maxIterations` must be 1 or more, found 0
     --> command line:1:19
      |
    1 | --resource epochs=0
      |                   ^
    error: the parameter `x` has the same name as the resource
     --> command line:1:4
      |
    1 | -s x=uniform(0, 1)
      |    ^
      |
      = help: rename one of them
    ");
}
