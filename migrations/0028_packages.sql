-- Data packages that an account turned out not to have, by the credential's version: nobody asks for them until then.
CREATE TABLE lacking_packages (
    provider text NOT NULL,
    credential text NOT NULL,
    package text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL,
    PRIMARY KEY (provider, credential, package)
);
