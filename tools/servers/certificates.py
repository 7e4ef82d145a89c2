"""Certificates for tests, by the openssl program: authorities of our own, and what they sign."""

import shutil
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_authority(folder, name):
    """NAME.crt and NAME.key: a certificate authority of our own."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj",
            f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")


def make_certificate(folder, name, authority, subject, names="", *, start=None, end=None):
    """NAME.crt and NAME.key for `subject`, signed by `authority`; `names` is a subjectAltName.

    `start` and `end` are YYYYMMDDHHMMSSZ; the default is from now on for two days.
    """
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
    (folder / f"{name}.key").chmod(0o600)
    work = folder / f"{name}.ca"
    work.mkdir()
    (work / "index").touch()
    (work / "extensions").write_text(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
    (work / "config").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={work}/index\nnew_certs_dir={work}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n")
    period = ["-startdate", start, "-enddate", end] if start else ["-days", 2]
    openssl("ca", "-batch", "-config", work / "config", "-cert", folder / f"{authority}.crt", "-keyfile",
            folder / f"{authority}.key", "-in", folder / f"{name}.csr", "-out", folder / f"{name}.crt", "-notext",
            "-extfile", work / "extensions", *period)
    shutil.rmtree(work)
    (folder / f"{name}.csr").unlink()
