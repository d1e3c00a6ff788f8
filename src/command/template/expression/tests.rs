//! What constraints may be, and their values.

use serde_json::json;

use super::*;

fn names() -> Vec<Arc<str>> {
    ["hidden", "layers", "opt", "opt.momentum", "net.width", "learning-rate", "shape"].map(Arc::from).to_vec()
}

fn evaluate(text: &str) -> Result<bool, String> {
    let expression = ParamExpression::new(text, names().iter()).map_err(|error| error.to_string())?;
    let values = [
        ("hidden", json!(512)),
        ("layers", json!(8)),
        ("opt", json!("sgd")),
        ("opt.momentum", json!(0.9)),
        ("net.width", json!(64)),
        ("learning-rate", json!(1e-3)),
        ("shape", json!({"rows": 3})),
    ];
    let values = values.map(|(name, value)| (Arc::from(name), value)).into_iter().collect();
    expression.evaluate(&values).map_err(|error| error.message)
}

#[test]
fn expressions_have_the_operators_of_templates() {
    let is_true = [
        "hidden * layers <= 4096",
        "opt == 'sgd' and hidden * layers < 5000",
        "opt in ['sgd', 'adam'] or layers > 100",
        "net.width ** 2 == 4096",
        "params['learning-rate'] < 0.01",
        "params['opt.momentum'] == 0.9",
        "hidden % layers == 0 and not layers is odd",
        "shape.rows == 3",
        "[hidden, layers] | max == 512",
        "layers in range(4, 9)",
        "(hidden if layers > 2 else 1) * layers == 4096",
        "4 < layers <= 8 < hidden",
        "opt == 'adam' or opt < 'z' and false < (layers == 8)",
        "opt == none or layers < 9 or opt < 3",
        "[layers, 'x'] < [9, none] and [1, 2] < [1, 3]",
        "layers not in [1, 2] and hidden / 2 in [256]",
        "layers is lt(9) and layers is ge 8",
    ];
    for text in is_true {
        assert_eq!(evaluate(text), Ok(true), "{text}");
    }
    assert_eq!(evaluate("hidden * layers < 4096"), Ok(false));
}

#[test]
fn invalid_expressions_are_refused() {
    let errors = [
        "hidden <",
        "hiden < 3",
        "params['lr'] < 1",
        "params | length < 3",
        "1 < 2",
        "{{ hidden < 3 }}",
        "hidden < 3 }} {{ layers",
        "'x' * hidden == 'x'",
        "hidden + layers",
        "opt * layers < 3",
        "hidden / (layers - 8) < 3",
        "net.depth < 3",
        "(1 - layers) ** 0.5 < 3",
        "(1 - layers) ** 0.5 != 3",
        "layers < 3 or ((1 - layers) ** 0.5) is lt(3)",
        "(1 - layers) ** 0.5 not in [1, 2]",
        "[(1 - layers) ** 0.5, 1] | max < 3",
        "opt < 3",
        "layers > 'a'",
        "[layers] < 3",
        "none < layers < 9",
        "4 < layers < none",
        "(layers == 8) < 2",
        "[[1, none] < [layers - 7, 2]] == [true]",
        "shape < shape",
        "[layers, none] | sort == 3",
    ];
    let messages: Vec<String> = errors.iter().map(|text| format!("{text}: {}", evaluate(text).unwrap_err())).collect();
    insta::assert_snapshot!(messages.join("\n"), @"
    hidden <: the expression cannot be parsed: unexpected end of input, expected expression
    hiden < 3: unknown parameter `hiden`
    params['lr'] < 1: unknown parameter `lr`
    params | length < 3: `params` can only be used with a name, as in `params['learning-rate']`
    1 < 2: the expression uses no parameter
    {{ hidden < 3 }}: an expression is written without `{{` and `}}`
    hidden < 3 }} {{ layers: an expression is written without `{{` and `}}`
    'x' * hidden == 'x': text cannot be used in one template expression with `*`, which takes numbers only
    hidden + layers: its value is the number 520, neither true nor false
    opt * layers < 3: `opt` is not a number, and `*` in a template takes numbers only
    hidden / (layers - 8) < 3: unable to calculate 512 / 0
    net.depth < 3: unknown parameter `net.depth`
    (1 - layers) ** 0.5 < 3: a value is not a number (NaN)
    (1 - layers) ** 0.5 != 3: a value is not a number (NaN)
    layers < 3 or ((1 - layers) ** 0.5) is lt(3): a value is not a number (NaN)
    (1 - layers) ** 0.5 not in [1, 2]: a value is not a number (NaN)
    [(1 - layers) ** 0.5, 1] | max < 3: a value is not a number (NaN)
    opt < 3: a text and a number have no order
    layers > 'a': a number and a text have no order
    [layers] < 3: a list and a number have no order
    none < layers < 9: null and a number have no order
    4 < layers < none: a number and null have no order
    (layers == 8) < 2: a boolean and a number have no order
    [[1, none] < [layers - 7, 2]] == [true]: null and a number have no order
    shape < shape: a mapping and a mapping have no order
    [layers, none] | sort == 3: a number and null have no order
    ");
}

#[test]
fn the_parameters_of_an_expression_are_known() {
    let expression = ParamExpression::new("opt == 'sgd' or params['learning-rate'] < layers", names().iter()).unwrap();
    let mut params: Vec<&str> = expression.params().iter().map(|name| &**name).collect();
    params.sort();
    assert_eq!(params, ["layers", "learning-rate", "opt"]);
}
