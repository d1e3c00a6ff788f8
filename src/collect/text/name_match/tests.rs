use super::*;

fn found(name: &str, line: &str) -> Option<f64> {
    NameMatcher::new(name).find(line.as_bytes()).number.map(|found| found.number)
}

#[test]
fn names_with_numbers_are_found() {
    let lines = [
        ("loss", "loss=0.3", 0.3),
        ("score", "Score=-7.539e-05", -7.539e-5),
        ("loss", "epoch 1 loss : 0.5 acc: 1", 0.5),
        ("loss", "'loss': 0.5, \"loss\": 0.25", 0.25),
        ("loss", "**loss**: 0.5", 0.5),
        ("loss", "[loss] = 0.5", 0.5),
        ("loss", "INFO:root:loss=0.5", 0.5),
        ("loss", "done...loss -> 0.5", 0.5),
        ("loss", "│loss│ 0.5 │", 0.5),
        ("loss", "│ loss          │    0.5     │", 0.5),
        ("loss", "step 3 | loss | 0.5 |", 0.5),
        ("valid's auc", "[3]\tvalid's auc: 0.5", 0.5),
        ("auc", "[3]\tvalid's auc: 0.5", 0.5),
        ("average loss", "Test set: Average loss: 0.02, Accuracy: 97/100", 0.02),
        ("précision", "précision: 0.5", 0.5),
        ("loss", "loss: 0.9 then loss: ok", 0.9),
        ("loss", "loss：0.5", 0.5),
        ("loss", "total loss: 0.4 (cls loss: 0.3, reg loss: 0.1)", 0.4),
        ("loss", "total loss: 0.4 (loss: 0.3)", 0.4),
        ("loss", "cls loss: 0.3, avg loss: 0.4, reg loss: 0.1", 0.4),
        ("loss", "Epoch 1 - loss: 0.5", 0.5),
        ("loss", "* loss: 0.5", 0.5),
    ];
    for (name, line, number) in lines {
        assert_eq!(found(name, line), Some(number), "{name} in {line}");
    }
}

#[test]
fn longer_words_paths_and_other_text_are_not() {
    let lines = [
        "train_loss=0.1",
        "loss_fn=3",
        "loss.item: 3",
        "val/loss: 1",
        "validation-loss: 1",
        "--loss=1",
        "a.loss=1",
        "éloss: 1",
        "loss",
        "loss=",
        "loss 0.5",
        "loss (old): 1",
        "loss: low",
        "log(loss) = 1",
        "glosses: 1",
        "loss: 12ms",
        "loss = 0.5 * (y - p) ** 2",
        "loss = 1 - cross_val_score(m)",
        "2 * loss = 0.6",
        "1 - loss: 0.7",
        "d(loss)=5",
        "loss == 0.5",
        "loss := 0.5",
        "+ loss=0.5",
    ];
    for line in lines {
        assert_eq!(found("loss", line), None, "{line}");
    }
    assert_eq!(found("", "x: 1"), None);
}

#[test]
fn invalid_utf8_around_a_name_does_no_harm() {
    let matcher = NameMatcher::new("loss");
    let number = |line: &[u8]| matcher.find(line).number.map(|found| found.number);
    assert_eq!(number(b"\xe9 loss: 0.5\xff"), Some(0.5));
    assert_eq!(number(b"\xffloss:\xff 0.5"), None);
}

#[test]
fn a_plain_name_counts_more_than_a_qualified_one() {
    let lines = [
        ("loss: 0.3 best loss: 0.1", 0.3, None),
        ("train loss: 0.7 loss: 0.3", 0.3, None),
        ("loss: 0.3, target loss: 0.1", 0.3, None),
        ("val loss: 0.5 train loss: 0.7", 0.5, Some(Qualifier::Validation)),
        ("[valid] loss: 0.5 [train] loss: 0.7", 0.5, Some(Qualifier::Validation)),
        ("train loss: 0.7 best loss: 0.1", 0.7, Some(Qualifier::Other)),
        ("[1]\tvalid_0's loss: 0.5\ttraining's loss: 0.7", 0.5, Some(Qualifier::Validation)),
        ("loss: 0.2 loss: 0.3", 0.3, None),
    ];
    let matcher = NameMatcher::new("loss");
    for (line, number, qualifier) in lines {
        let found = matcher.find(line.as_bytes()).number.expect(line);
        assert_eq!((found.number, found.qualifier()), (number, qualifier), "{line}");
    }
    assert_eq!(matcher.find(b"target loss: 0.1").number, None);
    let Some((_, words)) = matcher.find(b"x, best val loss: 0.1").number.unwrap().words else { panic!() };
    assert_eq!(&"x, best val loss: 0.1"[words], "best val loss");
}

#[test]
fn a_missing_number_is_found_if_no_number_counts_more() {
    let of = |line: &str| {
        let found = NameMatcher::new("loss").find(line.as_bytes());
        (found.number.map(|found| found.number), found.missing)
    };
    assert_eq!(of("loss: None"), (None, Some(None)));
    assert_eq!(of("loss: 0.5 loss: None"), (None, Some(None)));
    assert_eq!(of("loss: 0.5, best loss: None"), (Some(0.5), None));
    assert_eq!(of("train loss: 0.5, val loss: None"), (None, Some(Some(Qualifier::Validation))));
    assert_eq!(of("Config(loss=None)"), (None, None));
}

#[test]
fn a_number_in_another_notation_is_pointed_out() {
    let unread = |line: &'static str| NameMatcher::new("loss").find(line.as_bytes()).unread.map(|at| &line[at..]);
    assert_eq!(unread("epoch 1 loss: 1.234,5"), Some("1.234,5"));
    assert_eq!([unread("loss: 1/3"), unread("loss: 12 seconds")], [Some("1/3"), Some("12 seconds")]);
    assert_eq!(
        [unread("loss: 0.5"), unread("loss: low"), unread("Config(loss=1_0)"), unread("best loss: 1_0")],
        [None; 4]
    );
}

#[test]
fn a_word_for_data_holds_for_the_names_that_follow() {
    let lines = [
        ("Val loss: 0.3, acc: 0.7 | Train loss: 0.7, acc: 0.3", 0.7, Qualifier::Validation),
        ("Train loss: 0.7, acc: 0.3 | Val loss: 0.3, acc: 0.7", 0.7, Qualifier::Validation),
        ("Train loss: 0.7 acc: 0.3 - Test loss: 0.3 acc: 0.7", 0.7, Qualifier::Test),
        ("val top 5: 0.9 acc: 0.7; train top 5: 0.99 acc: 0.9", 0.7, Qualifier::Validation),
        ("train loss: 0.7, acc: 0.3", 0.3, Qualifier::Other),
        ("Best: val loss: 0.3, acc: 0.7", 0.7, Qualifier::Reference),
    ];
    for (line, number, qualifier) in lines {
        let found = NameMatcher::new("acc").find(line.as_bytes()).number.expect(line);
        assert_eq!((found.number, found.qualifier()), (number, Some(qualifier)), "{line}");
    }
    for line in
        ["train loss: 0.7 | acc: 0.3", "val_loss: 0.7, acc: 0.3", "train acc: 0.9, acc: 0.3", "Training done, acc: 0.3"]
    {
        let found = NameMatcher::new("acc").find(line.as_bytes()).number.expect(line);
        assert_eq!((found.number, found.qualifier()), (0.3, None), "{line}");
    }
}

#[test]
fn a_line_about_one_batch_is_recognized() {
    let qualifier = |line: &str| NameMatcher::new("loss").find(line.as_bytes()).number.expect(line).qualifier();
    for line in [
        "loss: 2.3 [   64/60000]",
        "Epoch [1/5], Step [100/600], loss: 2",
        "loss: 1 (3/10)",
        "batch 7 loss: 2",
        "Batch: 7, loss: 1",
    ] {
        assert_eq!(qualifier(line), Some(Qualifier::Batch), "{line}");
    }
    for line in [
        "Epoch [1/5], loss: 0.3",
        "3/10 loss: 1",
        "4/4 [00:01<00:00, 95.2it/s, loss=0.5]",
        "loss: 1 (0.5)",
        "batch size loss: 1",
    ] {
        assert_ne!(qualifier(line), Some(Qualifier::Batch), "{line}");
    }
}
