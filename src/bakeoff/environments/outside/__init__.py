"""Software from elsewhere as workplaces: any web app, wrapped by one TOML file and no Python."""
