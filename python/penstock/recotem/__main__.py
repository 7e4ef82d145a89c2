"""`python -m penstock.recotem ...` is `recotem ...`, whose recipes of `type: sql` run through Penstock."""

from recotem.cli import app

from penstock import recotem

if __name__ == "__main__":
    recotem.install()
    app(prog_name="recotem")
