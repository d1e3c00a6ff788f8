use super::*;

fn of(text: &str) -> Measured {
    measured(text.as_bytes(), Joint::Equals)
}

#[test]
fn numbers_that_are_the_value_are_read() {
    let texts = [
        ("0.25", 0.25),
        ("~0.3", 0.3),
        ("≈ 0.3", 0.3),
        ("−0.5", -0.5),
        ("1e−3", 1e-3),
        ("0.9 -> 0.4", 0.4),
        ("0.9 → 0.5 → 0.4", 0.4),
        ("0.5 -> saved", 0.5),
        ("95/120 (79%)", 95.0),
        ("9/10 ( 90.0 % )", 9.0),
        ("0.63+0.01", 0.63),
        ("0.5 +/- 0.1", 0.5),
        ("0.5 - acc=0.9", 0.5),
        ("0.5 - val_loss=0.3", 0.5),
        ("0.5/acc=1", 0.5),
        ("0.5 *", 0.5),
        ("0.4 * best", 0.4),
        ("0.4 * (new best)", 0.4),
        ("0.4 (best)", 0.4),
        ("0.5 samples=3", 0.5),
        ("0.5 epochs: 3", 0.5),
        ("0.5 step 10", 0.5),
        ("0.5 s/it: 3", 0.5),
        ("0.5 - time(s)=3", 0.5),
        ("0.5 - 3ms/step", 0.5),
        ("0.5...", 0.5),
        ("0.5 for epoch 3", 0.5),
        ("1,234", 1234.0),
        ("0.5 - saved to x", 0.5),
        ("0.5 (best) - 2", 0.5),
    ];
    for (text, number) in texts {
        assert!(
            matches!(of(text), Measured::Number { number: found, .. } if found == number),
            "{text}: {:?}",
            of(text)
        );
    }
}

#[test]
fn numbers_that_are_part_of_something_longer_are_not() {
    let texts = [
        "0.5 * (y - p) ** 2",
        "3.0 * x",
        "3*x",
        "2 ** n",
        "1 - cross_val_score(m, x)",
        "1 - acc",
        "1.0 - np.mean(x)",
        "0.5 + reg(w)",
        "1 / n",
        "1 / (n + 1)",
        "0.5 + alpha * x",
        "0.5 if x else 1",
        "2 @ w",
        "1/3",
        "3 / 4",
        "7 // 2",
        "95/120",
        "0.3+0.1j",
        "0.3..0.5",
        "0.3 .. 0.5",
        "0.3…0.5",
        "0.3–0.5",
        "0.3 to 0.5",
        "12 seconds",
        "5 samples",
        "5 samples/s",
        "3 ms",
        "0.9 -> 1/3",
        "0,5",
        "12ms",
    ];
    for text in texts {
        assert_eq!(of(text), Measured::Unread, "{text}");
    }
}

#[test]
fn words_for_a_missing_number_are_known() {
    for text in ["None", "'None'", "null", "N/A", "None, acc=1"] {
        assert_eq!(of(text), Measured::Missing, "{text}");
    }
    for text in ["NoneType", "low", "", "None.x", "none_of"] {
        assert_eq!(of(text), Measured::Nothing, "{text}");
    }
}

#[test]
fn commas_are_judged() {
    for text in ["2,5", "0,987", "1.234,5", "-0,5", "'2,75'", "1234,567"] {
        assert!(has_decimal_comma(text.as_bytes()), "{text}");
    }
    for text in ["1,234", "1,234,567", "1,234.5", "0.5", "5", ",5", "x,5", "0.5, 3"] {
        assert!(!has_decimal_comma(text.as_bytes()), "{text}");
    }
    let ambiguous = ["1,234", "-12,345", "1,234 x", "1,234."].map(|text| comma_of(text.as_bytes()));
    assert_eq!(ambiguous, [Comma::Ambiguous; 4]);
    assert_eq!(["1,234,567", "1,234.5", "0.5", "1,23"].map(|text| comma_of(text.as_bytes())), [Comma::Clear; 4]);
}
