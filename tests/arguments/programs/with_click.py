import click

from report import TEXTS, report


@click.command()
@click.option("--flag", is_flag=True)
@click.option("--switch/--no-switch")
@click.option("--plain", type=bool)
@click.option("--lr", type=float)
@click.option("--bias", type=float)
@click.option("--count", type=int)
@click.option("--batch-size", type=click.Choice([16, 64]))
@click.option("--floats", type=float, multiple=True)
@click.option("--ints", type=int, nargs=2)
@click.option("--words", multiple=True)
@click.option("--maybe", type=float)
def main(**values):
    report(values)


for name in TEXTS:
    main = click.option("--" + name.replace("_", "-"))(main)
main()
