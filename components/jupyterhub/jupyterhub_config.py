"""The hub's configuration; its cookie secret and proxy token are made when it starts."""

c = get_config()  # noqa: F821 - jupyterhub defines it

c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/jupyterhub.sqlite"
c.ConfigurableHTTPProxy.command = ["configurable-http-proxy"]
