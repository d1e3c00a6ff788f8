from absl import app, flags

from report import TEXTS, report

flags.DEFINE_bool("flag", None, "")
flags.DEFINE_bool("switch", None, "")
flags.DEFINE_bool("plain", None, "")
flags.DEFINE_float("lr", None, "")
flags.DEFINE_float("bias", None, "")
flags.DEFINE_integer("count", None, "")
flags.DEFINE_integer("batch_size", None, "")
flags.DEFINE_multi_float("floats", None, "")
flags.DEFINE_list("ints", None, "")
flags.DEFINE_multi_string("words", None, "")
flags.DEFINE_float("maybe", None, "")
for name in TEXTS:
    flags.DEFINE_string(name, None, "")


def main(_):
    values = flags.FLAGS.flag_values_dict()
    report({**values, "ints": [int(item) for item in values["ints"]]})


app.run(main)
