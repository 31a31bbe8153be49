"""`tandem user` and `tandem key`: accounts and keys without a browser."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask_security.recoverable import generate_reset_password_token

from app.carriers.models import Company, CustomerTrunk
from app.carriers.service.create_key import create_key
from app.carriers.service.manage_people import add_person
from app.clock import utc_now
from app.console import Run, emit_json, json_option, pass_run, say
from app.db import db
from app.errors import NotFound
from app.factory import create_app
from app.security.actor import system_actor
from app.security.permissions import ROLES


def _company(slug: str) -> Company:
    company = db.session.scalar(sa.select(Company).where(Company.slug == slug))
    if company is None:
        raise NotFound(f"There is no company {slug}.", hint="Use the short name, for example acme-carrier.")
    return company


@click.group()
def user() -> None:
    """People: add an account."""


@user.command("add")
@click.option("--company", "slug", required=True, help="Short name of the company.")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(list(ROLES)), required=True)
@json_option
@pass_run
def add(run: Run, slug: str, email: str, name: str, role: str, as_json: bool) -> None:
    """Add a person; prints a link by which the first password is set, once and within the hour."""
    app = create_app(run.settings)
    with app.app_context():
        company = _company(slug)
        person = add_person(
            db.session, system_actor(company.id, "command line"), company_id=company.id, email=email, name=name,
            role=role, now=utc_now(),
        )  # fmt: skip
        db.session.commit()
        web = run.settings.web
        base = web.public_url.rstrip("/") or f"http://{web.host}:{web.port}"
        token = generate_reset_password_token(person)  # type: ignore[no-untyped-call]
        found = {"email": person.email, "role": role, "link": f"{base}/reset/{token}"}
    if as_json:
        emit_json(found)
    else:
        say(f"{found['email']} is added; the link to set the first password is on stdout")
        click.echo(found["link"])


@click.group()
def key() -> None:
    """API keys: create one."""


@key.command("create")
@click.option("--company", "slug", required=True, help="Short name of the company.")
@click.option("--name", required=True)
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="For example lcr:query; may be repeated."
)
@click.option("--trunk", "trunk_name", help="Name of the trunk that a routing key asks for.")
@click.option("--days", type=int, help="Days until it expires (default: never).")
@click.option(
    "--network", "networks", multiple=True, help="Only from here, e.g. 192.0.2.0/24; may be repeated."
)
@json_option
@pass_run
def create(
    run: Run,
    slug: str,
    name: str,
    scopes: tuple[str, ...],
    trunk_name: str | None,
    days: int | None,
    networks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create a key; prints the secret once."""
    app = create_app(run.settings)
    with app.app_context():
        company, now = _company(slug), utc_now()
        trunk_id = None
        if trunk_name is not None:
            trunk_id = db.session.scalar(
                sa.select(CustomerTrunk.id).where(
                    CustomerTrunk.company_id == company.id, CustomerTrunk.name == trunk_name
                )
            )
            if trunk_id is None:
                raise NotFound(f"{company.name} has no trunk {trunk_name}.")
        row, secret = create_key(
            db.session, system_actor(company.id, "command line"), name=name, scopes=list(scopes), trunk_id=trunk_id,
            valid_days=days, ip_list=networks, now=now,
        )  # fmt: skip
        db.session.commit()
        found = {"id": row.id, "prefix": row.prefix, "scopes": row.scopes, "key": secret}
    if as_json:
        emit_json(found)
    else:
        say("the key is shown this once:")
        click.echo(secret)
