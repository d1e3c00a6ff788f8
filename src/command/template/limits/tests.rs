use super::*;

fn refusal(source: &str) -> String {
    check(source).expect_err(source).to_string()
}

#[test]
fn plain_templates_pass() {
    for source in [
        "{{ lr }}",
        "{{ params.lr.as_arg }}",
        "a{{ params[\"learning-rate\"].value * 2 }}",
        "{{ (lr * 1000) | int }}",
        "{{ layers | join(',') }}",
        "{{ 'a' if amp else 'b' }}-{{ lr | round(3) }}",
        "{{ '%05d' | format(trial) }}",
        "{% if amp %}--amp{% elif lr > 1 %}x{% else %}y{% endif %}",
        "{% for l in layers %}{{ l }},{% endfor %}",
        "{% for i in range(3) %}{{ i * 2 }}{% endfor %}",
        "{% for k, v in params.o.value | items %}{{ k }}{% endfor %}",
        "{# set x #}{{ 2 ** 3 }} {{ '{% set x %}' }} } }} {",
        "{{- lr -}}",
        "{{ {'a': 1}[act] }}",
    ] {
        assert!(check(source).is_ok(), "{source}: {:?}", check(source));
    }
}

#[test]
fn each_limit_has_a_message() {
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(17), ")".repeat(17));
    let long = "{{ lr }}".repeat(MAX_ARGUMENT);
    let ifs = "{% if a %}".repeat(65);
    insta::assert_snapshot!([
        refusal(&deep), refusal(&long), refusal(&ifs), refusal(&format!("{{{{ {}1 }}}}", "-".repeat(201))),
        refusal("{% set x = 1 %}"), refusal("{% raw %}{{"), refusal("{% for x in [a ~ a] %}"),
        refusal("{% for x in a | replace('a', 'b') %}"), refusal("{% for x in a recursive %}"),
        refusal("{{ 'x' * 1000 }}"), refusal("{{ [1] * 1000 }}"), refusal("{{ (1, 2) * 1000 }}"),
        refusal("{{ a * 3 ~ 'k' }}"), refusal("{{ a | string * 3 }}"), refusal("{{ range(9) * 3 }}"),
        refusal("{{ uuid * 3 }}"), refusal("{{ params[act] * 3 }}"),
    ].join("\n"), @r"
the template nests brackets more than 16 deep
the template is longer than 131072 bytes
the template has more than 64 statements
the template has an expression with more than 200 operators
the template statement `set` is not supported; there are `if` and `for`
the template statement `raw` is not supported; there are `if` and `for`
a `for` in a template iterates over a name or a range, as in {% for x in layers %}
a `for` in a template iterates over a name or a range, as in {% for x in layers %}
a `for` in a template iterates over a name or a range, as in {% for x in layers %}
text cannot be used in one template expression with `*`, which takes numbers only
a list or mapping cannot be used in one template expression with `*`, which takes numbers only
a list cannot be used in one template expression with `*`, which takes numbers only
`~` cannot be used in one template expression with `*`, which takes numbers only
the filter `string` cannot be used in one template expression with `*`, which takes numbers only
a function cannot be used in one template expression with `*`, which takes numbers only
the text `uuid` cannot be used in one template expression with `*`, which takes numbers only
a computed `[…]` cannot be used in one template expression with `*`, which takes numbers only
");
}

#[test]
fn names_in_a_multiplication_are_collected() {
    let checked = check("{{ layers }}{{ params.lr.value * batch }}").unwrap();
    assert_eq!(checked.multiplied, ["params", "lr", "value", "batch"]);
    assert!(checked.multiplied_items.is_empty());
    let over = |source: &str| check(source).map(|checked| checked.multiplied_items);
    assert_eq!(
        over("{% for l in params.layers.value %}{{ l * 2 }}{% endfor %}"),
        Ok(vec!["layers".into(), "value".into()])
    );
    assert!(over("{% for k, v in params | items %}{{ v.value * 2 }}{% endfor %}").is_err());
    assert!(over("{% for c in uuid %}{{ c * 2 }}{% endfor %}").is_err());
}
